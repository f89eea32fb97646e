#!/usr/bin/env bash
# fitsjs 0.6.6 (npm), a reader of FITS in JavaScript, cannot open a file in which the text of a HISTORY (or COMMENT) card
# begins with "= " and another card of the same keyword follows: the first is taken for a keyword with a value and
# replaces the list of HISTORY cards, to which the second cannot be added: "push is not a function". FITS gives the
# columns 9-80 of these cards to free text, whatever stands there, and fitsverify accepts the file. Programs that write
# their configuration into HISTORY and break lines at a column meet it when a line is broken before its "=".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent fitsjs@0.6.6 >/dev/null
cat >read.cjs <<'CODE'
// Two names that the library takes from the browser, and its own.
globalThis.File = globalThis.File || class extends Blob {};
globalThis.FileReader = class {
  readAsArrayBuffer(blob) {
    blob.arrayBuffer().then((result) => this.onloadend({ target: { result } })).catch((error) => report(error.message));
  }
};
const { astro } = require("fitsjs");
globalThis.astro = astro;

function image(history) {
  const cards = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    1",
                 "NAXIS1  =                    4", ...history.map((text) => "HISTORY " + text), "END"];
  const header = cards.map((card) => card.padEnd(80)).join("").padEnd(2880);
  return new Blob([header, Buffer.alloc(2880)]);
}
let report;
const opened = (history) =>
  new Promise((resolve) => {
    report = resolve;
    new astro.FITS(image(history), function () { resolve("opened, NAXIS1 " + this.getHeader().get("NAXIS1")); });
  });
(async () => {
  const plain = await opened(["source", "after"]);
  const broken = await opened(["= [1]", "after"]);
  console.log("HISTORY source:", plain, "| HISTORY = [1]:", broken);
  if (plain !== "opened, NAXIS1 4" || !/push is not a function/.test(broken)) {
    console.log("the behaviour has changed");
    process.exit(1);
  }
})();
CODE
node read.cjs || exit 1

#!/usr/bin/env bash
# jsfive 0.4.2 (npm), a reader of HDF5 in JavaScript, takes no notice of fill values. Of a chunked dataset of 8 numbers
# with fill value 7 of which the second chunk was never written, `value` is an array of length 8 with 4 holes; of one
# that was never written at all it has length 0, although `shape` says 8. HDF5's own library, here as h5wasm 0.10.3, gives
# 7 in all these places. No error is raised: a mean over a row that a telescope's pipeline left at its fill value (NaN)
# is then the mean of nothing or of the other rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent jsfive@0.4.2 h5wasm@0.10.3 >/dev/null
# Made with h5py 3.7.0 (HDF5 1.10.8): float32 [8], chunks of 4, fill value 7; half_written has 1, 2, 3, 4 in its first.
base64 -d <<'FILE' | gunzip >fill.h5
H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwpu8KPyYfIJUJoRSndA6RVMMHFGsJwEVFwQaj66upAgV1eQ6v9oAGaPAQuE1mAYBSMReL
g6BoDoCBgfSp9gQlWXkZiTFl9elFlSkpoH4uellqUWIQmg8OOT8/NKMtNL80uLGdDSsQCczwYRY4TxISmZkREiwAFVB6OZgfIgGUEFeQZIklVg
EOdgEK+HyrMCTQbJMzEzMELkHziASBagCYxgGiLGAbWHmYmpghWilQUuDQYFAxIPwX7+LoxAX8L8q8CMXz0s36/gxa8Olq938I2M9Awq7xixlH
cCONSf4Efls6DRo2AUjIJRMApGwSgYfmAQtENhTZRB0Q6lWXgwMREXHoyw4FBAc1nBAKWQBnsgAXSzAxA3OAAAdYJLo9gPAAA=
FILE
cat >read.mjs <<'CODE'
import fs from "fs";
import * as jsfive from "jsfive";
import h5wasm from "h5wasm/node";
await h5wasm.ready;
const bytes = fs.readFileSync("fill.h5");
const peer = new jsfive.File(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength), "fill.h5");
const library = new h5wasm.File("fill.h5", "r");
let unchanged = true;
for (const [name, right, seen] of [
  ["half_written", [1, 2, 3, 4, 7, 7, 7, 7], { length: 8, present: 4 }],
  ["never_written", Array(8).fill(7), { length: 0, present: 0 }],
]) {
  const expected = Array.from(library.get(name).value);
  const value = peer.get(name).value;
  let present = 0;
  value.forEach(() => { present += 1; });
  console.log(name, "shape", peer.get(name).shape, "jsfive:", value.length, "values,", present, "present; library:", expected.join(" "));
  unchanged &&= expected.join() === right.join() && value.length === seen.length && present === seen.present;
}
if (!unchanged) {
  console.log("the behaviour has changed");
  process.exit(1);
}
CODE
node read.mjs || exit 1

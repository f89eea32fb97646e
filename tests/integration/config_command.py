"""The command line: exit codes, help, errors of the configuration, default files, with and without MPI."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

from program import mpi_library

PROGRAM = os.environ["COMAP_MPI"]
MPIRUN = os.environ["COMAP_MPIRUN"]
CONFIGS = pathlib.Path(os.environ["COMAP_SOURCE_DIR"]) / "configs"
SCRATCH = pathlib.Path(sys.argv[1])


def run(*arguments, ranks=0, environment=None, directory=SCRATCH):
    command = [MPIRUN, str(ranks)] if ranks else []
    variables = {name: value for name, value in os.environ.items() if name != "COMAP_CONFIG"}
    variables.update(environment or {})
    return subprocess.run(command + [PROGRAM, *map(str, arguments)], cwd=directory, env=variables, timeout=120,
                          capture_output=True, text=True)


def expect(result, code, in_stdout=(), in_stderr=()):
    shown = f"{result.args}\nexit code {result.returncode}\n{result.stdout}\n{result.stderr}"
    assert result.returncode == code, f"expected exit code {code}: {shown}"
    for part in in_stdout:
        assert part in result.stdout, f"no {part!r} in standard output: {shown}"
    for part in in_stderr:
        assert part in result.stderr, f"no {part!r} in standard error: {shown}"
    return result


def write(name, text):
    path = SCRATCH / name
    path.write_text(text)
    return path


def help_and_version():
    expect(run("--help"), 0, ["mapmake", "--set", "Example:"])
    for command in (["simulate"], ["catalogue"], ["catalogue", "scan"], ["level2"], ["mapmake"], ["run"], ["config"],
                    ["config", "show"], ["config", "check"]):
        expect(run(*command, "--help"), 0, ["Example:"])
    version = expect(run("--version"), 0, ["comap_mpi", "commit", "HDF5", "MPI", "FFTW", "WCSLIB"])
    for library in ("HDF5", "FFTW", "Eigen", "toml++", "CLI11"):
        assert re.search(rf"{re.escape(library)}\s.*\d+\.\d+", version.stdout), library


def wrong_usage():
    expect(run(), 2, in_stderr=["subcommand is required"])
    expect(run("help"), 0, ["mapmake", "--set", "Example:"])
    expect(run("help", "catalogue", "scan"), 0, ["--level1", "Example:"])
    for name in ("comap-0030001-2022-09-20-000000.hd5", "map_band0.fits"):
        expect(run("level2", name), 2, in_stderr=[f"'{name}' is a data file, not a configuration"])
    expect(run("mapmaker"), 2, in_stderr=["there is no command 'mapmaker'; did you mean 'mapmake'?"])
    expect(run("catalogue", "summary", "--fromat=json"), 2, in_stderr=["no option '--fromat'; did you mean '--format'?"])
    assert "did you mean" not in expect(run("catalogue", "x.toml"), 2, in_stderr=["A subcommand is required"]).stderr
    expect(run("catalogue", "missing-level2", "--limit", "-1"), 2, in_stderr=["'-1' is no whole number from 0 on"])
    expect(run("config", "chek"), 2, in_stderr=["there is no command 'chek'; did you mean 'check'?"])
    expect(run("config", "show", "--no-such-option"), 2, in_stderr=["--no-such-option"])
    expect(run("config", "show", "--log-level", "loud"), 2, in_stderr=["--log-level"])
    expect(run("config", "show", "my.cfg"), 2, in_stderr=["my.cfg"])


def effective_configuration():
    shown = expect(run("config", "show"), 0, ['url = "sqlite:comap.db"', "[level2.gain_filter]"]).stdout
    assert shown == (CONFIGS / "comap.toml").read_text(), "configs/comap.toml: write it again with config show"
    full = write("full.toml", shown)
    assert expect(run("config", "show", full), 0).stdout == shown
    # Global options stand before or after the command.
    for arguments in (["--set", "mapmake.name=m31", "config", "show"], ["config", "show", "--set", "mapmake.name=m31"],
                      ["config", "--set=mapmake.name=m31", "show"]):
        expect(run(*arguments), 0, ['name = "m31"'])
    expect(run("config", "show", "--set", "mapmake.name=a", "--set", "mapmake.name=b", full), 0, ['name = "b"'])
    expect(run("config", "show", "--obsid", 30001, 30002), 0, ["obsids = [30001, 30002]"])
    expect(run("--obsid", 30001, "config", "show", "--log-level", "debug", "--log-json"), 0,
           ["obsids = [30001]", 'level = "debug"', "json = true"])
    masked = expect(run("config", "show", "--set", "catalogue.url=postgresql://me:hunter2@host/db"), 0, ["me:****@host"])
    assert "hunter2" not in masked.stdout + masked.stderr
    for path in CONFIGS.glob("*.toml"):
        if path.name != "wcs_definitions.toml":
            expect(run("config", "check", path), 0, ["valid"])


def which_file():
    expect(run("config", "check"), 2, in_stderr=["comap.toml", "COMAP_CONFIG"])
    expect(run("mapmake"), 2, in_stderr=["comap.toml"])
    expect(run("config", "show", "absent.toml"), 2, in_stderr=["absent.toml", "command line"])
    expect(run("config", "show", environment={"COMAP_CONFIG": "absent.toml"}), 2, in_stderr=["$COMAP_CONFIG"])
    named = write("named.toml", '[mapmake]\nname = "named"\n')
    by_variable = write("variable.toml", '[mapmake]\nname = "variable"\n')
    directory = SCRATCH / "with_default"
    directory.mkdir()
    (directory / "comap.toml").write_text('[mapmake]\nname = "default"\n')
    variable = {"COMAP_CONFIG": str(by_variable)}
    expect(run("config", "show", directory=directory), 0, ['name = "default"'])
    expect(run("config", "show", directory=directory, environment=variable), 0, ['name = "variable"'])
    expect(run("config", "show", named, directory=directory, environment=variable), 0, ['name = "named"'])


def errors_of_a_configuration():
    wrong = write("wrong.toml", "[mapmake]\noffset_lenght = 50\nthreshold = true\n\n[log]\nlevel = 3\n")
    result = expect(run("config", "check", wrong), 2,
                    in_stderr=["3 errors", "wrong.toml:2: mapmake.offset_lenght: unknown key",
                               "did you mean mapmake.offset_length?", "wrong.toml:3: mapmake.threshold",
                               "wrong.toml:6: log.level"])
    assert result.stdout == ""
    # A word that needs quotes is told from a misspelt boolean.
    expect(run("config", "check", write("quotes.toml", "[mapmake]\nname = fg4  # of field 4\n")), 2,
           in_stderr=['quotes.toml:2', 'a text needs quotes: name = "fg4"'])
    for key, value in (("mapmake.cdelt_deg", "1"), ("mapmake.cdelt_deg", "1e-9"), ("mapmake.nside", "3")):
        more = ["--set", "mapmake.wcs=healpix"] if "nside" in key else []
        expect(run("config", "show", "--set", f"{key}={value}", *more), 2, in_stderr=[key])
    expect(run("config", "show", "--set", "simulate.start_date=20-09-2022"), 2, in_stderr=["simulate.start_date"])
    # No other command starts either, and nothing is written.
    expect(run("level2", wrong), 2, in_stderr=["3 errors"])
    assert not (SCRATCH / "logs").exists()
    expect(run("simulate", "--dry-run", "--set", "simulate.start_date=2022-02-30"), 2, in_stderr=["simulate.start_date"])
    expect(run("config", "show", "--set", 'run.pipeline=["aquire"]'), 2, in_stderr=['did you mean "acquire"?'])
    short = write("short.toml", "[mapmake]\noffset_length = 50\nnoise_prior = false\n")
    expect(run("config", "check", short), 0, ["1 warnings"], ["offset_length = 50"])
    assert "offset_length" not in run("config", "check", short, "--quiet").stderr


def paths_of_the_user():
    """A shell does not see them, so "~" is replaced here; another user's is refused."""
    home = {"HOME": "/home/me"}
    expect(run("config", "show", "--set", "mapmake.output_dir=~/maps", "--set", 'run.level1_dirs=["~", "~/b"]', "--set",
               "catalogue.url=sqlite:~/comap.db", environment=home), 0,
           ['output_dir = "/home/me/maps"', 'level1_dirs = ["/home/me", "/home/me/b"]', '"sqlite:/home/me/comap.db"'])
    expect(run("config", "show", "--set", "level2.output_dir=~you/level2", environment=home), 2,
           in_stderr=["level2.output_dir", "write the directory of the user out"])


GRID = "mapmake.wcs={{NAXIS=[{n},{n}],CRPIX=[1,1],CDELT=[-0.1,0.1],CRVAL=[0,0],CTYPE=[\"{x}\",\"{y}\"]}}"


def grids():
    """Found beside the configuration and in the configs of the program; everything wrong is known to config check."""
    valid = write("grids.toml", "[mapmake]\n")
    for n, x, y, said in ((9, "GLON-CAR", "DEC--CAR", "CTYPE must be"), (9, "GLON-XYZ", "GLAT-XYZ", "WCSLIB"),
                          (100000, "GLON-CAR", "GLAT-CAR", "2^31 pixels")):
        expect(run("config", "check", valid, "--set", GRID.format(n=n, x=x, y=y)), 2, in_stderr=[said])
    expect(run("config", "check", write("named_grid.toml", '[mapmake]\nwcs = "TauA"\n')), 0, ["valid"])
    directory = SCRATCH / "grids"
    directory.mkdir()
    (directory / "my_grids.toml").write_text('[mine]\nNAXIS = [9, 9]\nCRPIX = [1, 1]\nCDELT = [-0.1, 0.1]\n'
                                             'CRVAL = [0, 0]\nCTYPE = ["GLON-CAR", "GLAT-CAR"]\n')
    (directory / "my.toml").write_text('[mapmake]\nwcs = "mine"\nwcs_file = "my_grids.toml"\n')
    expect(run("config", "check", "grids/my.toml"), 0, ["valid"])


def launchers():
    """Processes that their launcher did not bring together would each do all of the work."""
    for variables in ({"PMI_RANK": "0", "PMI_SIZE": "4"}, {"MPI_LOCALNRANKS": "2"}, {"OMPI_COMM_WORLD_SIZE": "3"},
                      {"PMIX_RANK": "0", "SLURM_STEP_NUM_TASKS": "2"}, {"MV2_COMM_WORLD_SIZE": "2"}):
        expect(run("config", "show", environment=variables), 2, in_stderr=["found 1 for MPI", list(variables)[-1]])
    assert expect(run("config", "show", environment={"PMI_RANK": "1", "PMI_SIZE": "2"}), 2).stderr == "", "rank 0 speaks"
    open_mpi = mpi_library()[0] == "Open MPI"
    for variables in ({"SLURM_STEP_NUM_TASKS": "2"}, {"SLURM_STEP_ID": "0", "SLURM_NTASKS": "2"}):
        said = ["srun started 2 tasks without PMIx", "srun --mpi=pmix"] if open_mpi else \
            ["started 2 processes (SLURM_", "found 1 for MPI", "srun --mpi=pmi2"]
        expect(run("config", "show", environment=variables), 2, in_stderr=[*said, "mpirun"])
    # Nothing says how many there are: rank 0 cannot know, rank 1 speaks.
    for variable in ("PMIX_RANK", "PMI_RANK", "PALS_RANKID", "JSM_NAMESPACE_RANK", "MPI_LOCALRANKID"):
        expect(run("config", "show", environment={variable: "1"}), 2, in_stderr=[f"rank 1 ({variable})", "found 1"])
        assert expect(run("config", "show", environment={variable: "2"}), 2).stderr == "", variable
        expect(run("config", "show", environment={variable: "0"}), 0)
    for variables in ({"PMI_SIZE": "1"}, {"SLURM_STEP_NUM_TASKS": "1"}, {"MPI_LOCALNRANKS": "1"}):
        expect(run("config", "show", environment=variables), 0)
    expect(run("config", "show", ranks=2, environment={"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "8"}), 0)
    # A batch script that does without srun is one rank, and told of it.
    batch = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "8"}
    result = expect(run("simulate", "--dry-run", environment=batch), 0)
    assert "one rank in an allocation of 8 tasks" in result.stdout + result.stderr, result


def several_ranks():
    result = expect(run("config", "show", ranks=3), 0)
    assert result.stdout == (CONFIGS / "comap.toml").read_text(), "only rank 0 prints"
    wrong = write("wrong_ranks.toml", "[mapmake]\nnames = 1\n")
    for arguments, text in ((["config", "check", wrong], "names: unknown key"), (["mapmaker"], "mapmaker")):
        result = expect(run(*arguments, ranks=3), 2)
        assert result.stderr.count(text) == 1, result.stderr
    assert expect(run("--version", ranks=2), 0).stdout.count("HDF5") == 1


def commands_without_mpi():
    """Without a launcher they do not start MPI, here one that cannot be started."""
    no_mpi = {"OMPI_MCA_pml": "none"} if mpi_library()[0] == "Open MPI" else {"PMI_FD": "99"}
    expect(run("config", "show", environment=no_mpi), 0, ["[mapmake]"])
    config = write("catalogue.toml", '[catalogue]\nurl = "sqlite:looking.db"\n')
    expect(run("catalogue", "summary", config, environment=no_mpi), 2, in_stderr=["looking.db"])
    expect(run("catalogue", "init", config, environment=no_mpi), 0, ["created"])
    expect(run("catalogue", "summary", config, environment=no_mpi), 0, ["observations"])
    result = expect(run("level2", config, environment=no_mpi), 1)
    assert "mpi_init" in result.stderr.lower(), result.stderr


def pipelines():
    bad_option = write("bad_option.toml", '[run]\npipeline = ["mapmake --no-such"]\n')
    expect(run("run", bad_option), 2, in_stderr=['"mapmake --no-such"', "--no-such"])
    bad_global = write("bad_global.toml", '[run]\npipeline = ["mapmake --set mapmake.name=a"]\n')
    expect(run("run", bad_global), 2, in_stderr=["give CONFIG.toml and global options to run itself"])
    no_list = write("no_list.toml", '[run]\npipeline = ["acquire", "level2"]\n')
    expect(run("run", no_list), 2, in_stderr=["[acquire] has neither list_command nor list_file"])
    for path in (SCRATCH / "logs").glob("*.log"):
        assert re.fullmatch(r"comap_mpi_[a-z0-9_]+_\d{8}T\d{6}Z\.log", path.name), path.name


if __name__ == "__main__":
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    for test in (help_and_version, wrong_usage, effective_configuration, which_file, errors_of_a_configuration,
                 paths_of_the_user, grids, launchers, several_ranks, commands_without_mpi, pipelines):
        test()
        print(f"{test.__name__}: passed", flush=True)

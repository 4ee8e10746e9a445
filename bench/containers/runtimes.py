"""Containers for the comparison: root file systems, and how each runtime found here starts a program in one.

Every runtime is really run, without a daemon and without pulling anything: crun and runc from a bundle, podman with
--rootfs. What is missing is named, not replaced.
"""

import json
import os
import pathlib
import shutil
import subprocess

BUSYBOX = pathlib.Path("/bin/busybox")


def has_hybrid_cgroups():
    """Whether version 1 and 2 are mounted side by side, which crun 1.8 refuses."""
    return pathlib.Path("/sys/fs/cgroup/unified").is_dir()


def make_busybox_root(folder, programs):
    """A root file system of busybox and the programs."""
    for name in ("bin", "proc", "sys", "dev", "tmp", "etc"):
        (folder / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, folder / "bin" / "busybox")
    (folder / "bin" / "sh").symlink_to("busybox")
    for program in programs:
        shutil.copy(program, folder / "bin" / program.name)


def make_debian_root(folder):
    """A Debian root file system with node, kept where it is; → why there is none, or nothing."""
    if (folder / "usr/bin/node").exists():
        return None
    if shutil.which("debootstrap") is None:
        return "debootstrap is not installed"
    done = subprocess.run(["debootstrap", "--variant=minbase", "--include=nodejs", "bookworm", folder],
                          capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stdout.strip().splitlines() or ["debootstrap failed"])[-1]


def size_of(folder):
    """In bytes, as the files are."""
    return int(subprocess.run(["du", "-sb", folder], capture_output=True, text=True, check=True).stdout.split()[0])


class OciRuntime:
    """crun and runc: a bundle whose config.json comes from the runtime's own `spec`."""

    def __init__(self, name, program, work):
        self.name, self.program, self.work, self.count = name, program, work, 0
        # What a shell around all of a measurement's runs does first.
        self.preparation = ""
        if name == "crun" and has_hybrid_cgroups():
            self.preparation = "umount /sys/fs/cgroup/unified; "

    def command(self, root, arguments):
        self.count += 1
        bundle = self.work / f"{self.name}-{self.count}"
        bundle.mkdir()
        subprocess.run([self.program, "spec"], cwd=bundle, check=True, capture_output=True)
        config = json.loads((bundle / "config.json").read_text())
        config["process"]["terminal"] = False
        config["process"]["args"] = arguments
        config["root"] = {"path": str(root), "readonly": True}
        # The host's network, as the bare process has it.
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "network"]
        config["mounts"] = [m for m in config["mounts"] if m["type"] != "sysfs"]
        (bundle / "config.json").write_text(json.dumps(config))
        return [self.program, "run", "-b", str(bundle), f"brink-bench-{os.getpid()}-{self.count}"]

    def remove(self, command):
        subprocess.run(self.around([self.program, "delete", "-f", command[-1]]), capture_output=True)

    def around(self, command):
        """A command in mount points of its own, prepared."""
        if not self.preparation:
            return command
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", self.preparation + 'exec "$@"', "sh", *command]


class Podman:
    def __init__(self, name, program, work):
        self.name, self.program = name, program
        storage = work / "podman"
        storage.mkdir()
        config = storage / "containers.conf"
        config.write_text('[containers]\ndefault_ulimits=["nofile=20000:20000","nproc=32768:32768"]\n'
                          '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="none"\n')
        self.environment = ["env", f"CONTAINERS_CONF={config}"]
        self.options = ["--root", str(storage / "root"), "--runroot", str(storage / "run"), "--cgroup-manager",
                        "cgroupfs"]
        if has_hybrid_cgroups() and shutil.which("runc"):
            self.options += ["--runtime", shutil.which("runc")]

    def command(self, root, arguments):
        return [self.program, *self.options, "run", "--rm", "--network", "host", "--rootfs", str(root), *arguments]

    def remove(self, command):
        subprocess.run([*self.environment, self.program, *self.options, "rm", "-f", "-a"], capture_output=True)

    def around(self, command):
        return [*self.environment, *command]


def find(work):
    """→ (runtimes that run a program here, {name: why not})"""
    if os.geteuid() != 0:
        return [], {"containers": "need root"}
    if not BUSYBOX.exists():
        return [], {"containers": f"need {BUSYBOX} (Debian: busybox-static)"}
    found, missing = [], {}
    probe = work / "probe"
    make_busybox_root(probe, [])
    for name, kind in (("crun", OciRuntime), ("runc", OciRuntime), ("podman", Podman)):
        program = shutil.which(name)
        if program is None:
            missing[name] = f"not installed (Debian: {name})"
            continue
        runtime = kind(name, program, work)
        attempt = subprocess.run(runtime.around(runtime.command(probe, ["/bin/busybox", "true"])), capture_output=True,
                                 text=True)
        if attempt.returncode == 0:
            found.append(runtime)
        else:
            missing[name] = "does not run here: " + (attempt.stderr.strip().splitlines() or ["no message"])[-1][:200]
    return found, missing

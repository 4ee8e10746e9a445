"""Containers for the comparison: root file systems, and how each runtime found here starts a program in one.

Every runtime is really run, without pulling anything: crun and runc from a bundle, podman and containerd (by its own client, ctr) with
--rootfs. Only containerd needs a daemon: one of ours, in the folder of the measurement. What is missing is named, not replaced.

A runtime has a name, the `folder` that all its processes have in their command lines, and
  command(root, arguments)  what starts a program in a root file system, with the host's network
  around(command)           the same as it has to be called
  remove(command)           ends that container, if it runs, and forgets it
  close()                   ends what runs besides containers
and, where containers need one that is always there, a `daemon`.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

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

    daemon = None

    def __init__(self, name, program, work):
        self.name, self.program, self.folder, self.count = name, program, work / name, 0
        self.folder.mkdir()
        # What a shell around all of a measurement's runs does first.
        self.preparation = ""
        if name == "crun" and has_hybrid_cgroups():
            self.preparation = "umount /sys/fs/cgroup/unified; "

    def command(self, root, arguments):
        self.count += 1
        bundle = self.folder / str(self.count)
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

    def close(self):
        pass

    def around(self, command):
        """A command in mount points of its own, prepared."""
        if not self.preparation:
            return command
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", self.preparation + 'exec "$@"', "sh", *command]


class Podman:
    daemon = None

    def __init__(self, name, program, work):
        self.name, self.program, self.folder = name, program, work / name
        self.folder.mkdir()
        config = self.folder / "containers.conf"
        config.write_text('[containers]\ndefault_ulimits=["nofile=20000:20000","nproc=32768:32768"]\n'
                          '[engine]\ncgroup_manager="cgroupfs"\nevents_logger="none"\n')
        self.environment = ["env", f"CONTAINERS_CONF={config}"]
        self.options = ["--root", str(self.folder / "root"), "--runroot", str(self.folder / "run"), "--cgroup-manager",
                        "cgroupfs"]
        if has_hybrid_cgroups() and shutil.which("runc"):
            self.options += ["--runtime", shutil.which("runc")]

    def command(self, root, arguments):
        return [self.program, *self.options, "run", "--rm", "--network", "host", "--rootfs", str(root), *arguments]

    def remove(self, command):
        subprocess.run([*self.environment, self.program, *self.options, "rm", "-f", "-a"], capture_output=True)

    def close(self):
        # Mounted on itself, and left so.
        subprocess.run(["umount", self.folder / "root" / "overlay"], capture_output=True)

    def around(self, command):
        return [*self.environment, *command]


class Containerd:
    """A daemon with folders and sockets of its own; other daemons of the machine are left alone."""

    def __init__(self, name, program, work):
        self.name, self.folder, self.count = name, work / name, 0
        self.program = shutil.which("ctr")
        self.folder.mkdir()
        self.socket = self.folder / "sock"
        config = self.folder / "config.toml"
        # Without what Kubernetes needs, as it would not be used here.
        config.write_text(f'version = 2\nroot = "{self.folder}/root"\nstate = "{self.folder}/state"\n'
                          'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                          f'[grpc]\naddress = "{self.socket}"\n[ttrpc]\naddress = "{self.socket}.ttrpc"\n')
        with open(self.folder / "log", "wb") as log:
            self.daemon = subprocess.Popen([program, "--config", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True)
        for _ in range(300):
            ready = subprocess.run([self.program, "-a", self.socket, "version"], capture_output=True)
            if ready.returncode == 0 or self.daemon.poll() is not None:
                break
            time.sleep(0.1)

    def command(self, root, arguments):
        self.count += 1
        return [self.program, "-a", str(self.socket), "run", "--rm", "--net-host", "--rootfs", str(root),
                f"brink-bench-{self.count}", *arguments]

    def remove(self, command):
        container = command[command.index("--rootfs") + 2]
        for words in (["tasks", "kill", "-s", "KILL"], ["tasks", "delete", "-f"], ["containers", "delete"]):
            subprocess.run([self.program, "-a", self.socket, *words, container], capture_output=True, timeout=60)

    def close(self):
        self.daemon.terminate()
        try:
            self.daemon.wait(30)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()
        # A shim outlives its daemon where a container could not be removed.
        for process in processes_of(self.folder):
            os.kill(process, signal.SIGKILL)

    def around(self, command):
        return command


def processes_of(folder):
    """Those whose command line names a folder, or a file in it."""
    name, found = os.fsencode(folder), []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and name in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def processes_beside(runtime):
    """Those of its containers, or what watches them, wherever they stand in the tree of processes."""
    return [process for process in processes_of(runtime.folder) if runtime.daemon is None or process != runtime.daemon.pid]


def why_not(runtime, root):
    """Nothing where it runs a program in a root file system, else why not."""
    try:
        attempt = subprocess.run(runtime.around(runtime.command(root, ["/bin/busybox", "true"])), capture_output=True,
                                 text=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)[:200]
    if attempt.returncode == 0:
        return None
    return (attempt.stderr.strip().splitlines() or ["no message"])[-1][:200]


def find(work):
    """→ (runtimes that run a program here, which the caller has to close, {name: why not})"""
    if os.geteuid() != 0:
        return [], {"containers": "need root"}
    if not BUSYBOX.exists():
        return [], {"containers": f"need {BUSYBOX} (Debian: busybox-static)"}
    found, missing = [], {}
    probe = work / "probe"
    make_busybox_root(probe, [])
    for name, kind, needs in (("crun", OciRuntime, []), ("runc", OciRuntime, []), ("podman", Podman, []),
                              ("containerd", Containerd, ["ctr", "containerd-shim-runc-v2", "runc"])):
        absent = [program for program in (name, *needs) if shutil.which(program) is None]
        if absent:
            missing[name] = f"not installed: {', '.join(absent)} (Debian: {name if name in absent else absent[0]})"
            continue
        runtime = kind(name, shutil.which(name), work)
        why = why_not(runtime, probe)
        if why is None:
            found.append(runtime)
        else:
            missing[name] = f"does not run here: {why}"
            runtime.close()
    return found, missing

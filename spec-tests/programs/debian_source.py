"""Fetches Debian source packages without touching the machine's own apt configuration.

A fresh Debian machine lists binary packages only. The machine's own source entries are copied into a private
folder with `deb` turned into `deb-src`, so whatever mirror, key and option the machine uses stays in force,
and apt keeps its index files and locks in that folder as well.
"""

import os
import pathlib
import re
import shutil
import subprocess


class FetchError(Exception):
    """A source package could not be had; the message says why."""


def source_entries_from_sources(text):
    """Turns the text of a deb822 `.sources` file into one with source entries only; '' when it has none to offer."""
    stanzas = []
    for stanza in re.split(r"\n[ \t]*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields = {line.split(":", 1)[0].strip().lower() for line in lines if ":" in line and line[0] not in " \t"}
        disabled = any(re.match(r"(?i)enabled:\s*(no|false|0|off)\s*$", line) for line in lines)
        if "uris" not in fields or disabled:
            continue
        kept, dropping = [], False
        for line in lines:
            if line[:1] in (" ", "\t"):
                if not dropping:
                    kept.append(line)
                continue
            dropping = line.lower().startswith(("types:", "architectures:"))
            if not dropping:
                kept.append(line)
        stanzas.append("\n".join(["Types: deb-src", *kept]))
    return "\n\n".join(stanzas) + ("\n" if stanzas else "")


def source_entries_from_list(text):
    """Turns the text of a one-line-style `.list` file into one with source entries only; '' when it has none to offer."""
    entries = []
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(\[[^\]]*\]\s+)?([^#]+)", line)
        if not match:
            continue
        options = [o for o in (match[1] or "").strip().strip("[]").split() if not o.startswith("arch=")]
        entry = "deb-src " + (f"[{' '.join(options)}] " if options else "") + match[2].strip()
        if entry not in entries:
            entries.append(entry)
    return "\n".join(entries) + ("\n" if entries else "")


def _apt_path(name):
    """The value of an apt directory setting such as `Dir::Etc::sourcelist/f`, or None when apt has no such setting."""
    out = subprocess.run(["apt-config", "shell", "P", name], capture_output=True, text=True).stdout
    match = re.match(r"P='(.*)'", out)
    return pathlib.Path(match[1]) if match and match[1] else None


class DebianSources:
    """Source packages below `folder`: `folder/NAME/` is the unpacked source of package NAME, patches applied."""

    def __init__(self, folder, log):
        self.folder = pathlib.Path(folder)
        self.apt = self.folder / ".apt"
        self.log = log
        self.updated = False

    def fetch(self, package):
        """Returns the unpacked source folder of `package`; fetches it unless it is there already."""
        target = self.folder / package
        if (target / ".brink-version").exists():
            return target
        for tool in ("apt-get", "apt-config", "dpkg-source"):
            if not shutil.which(tool):
                raise FetchError(f"source package {package}: the command {tool} is missing")
        self._update()
        self.log(f"fetching the source package {package}")
        unpack = self.folder / f".{package}.unpacking"
        shutil.rmtree(unpack, ignore_errors=True)
        unpack.mkdir(parents=True)
        result = self._apt("source", "--only-source", package, cwd=unpack)
        folders = [entry for entry in unpack.iterdir() if entry.is_dir()]
        descriptions = list(unpack.glob("*.dsc"))
        if result.returncode != 0 or len(folders) != 1 or len(descriptions) != 1:
            raise FetchError(f"source package {package}: apt-get source failed:\n{result.stdout.strip()}")
        version = re.search(r"^Version: (.+)$", descriptions[0].read_text(errors="replace"), re.MULTILINE)
        shutil.rmtree(target, ignore_errors=True)
        folders[0].rename(target)
        shutil.rmtree(unpack)
        (target / ".brink-version").write_text((version[1] if version else "unknown") + "\n")
        return target

    def version(self, package):
        """The Debian version of a fetched package."""
        return (self.folder / package / ".brink-version").read_text().strip()

    def _update(self):
        if self.updated:
            return
        self.log("reading the list of Debian source packages (private apt state, nothing on the machine changes)")
        parts = self.apt / "parts"
        shutil.rmtree(parts, ignore_errors=True)
        for folder in (parts, self.apt / "lists" / "partial", self.apt / "cache" / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        files = [_apt_path("Dir::Etc::sourcelist/f")]
        listed = _apt_path("Dir::Etc::sourceparts/d")
        if listed and listed.is_dir():
            files += sorted(listed.iterdir())
        found = False
        for number, file in enumerate(f for f in files if f and f.is_file()):
            convert = {".sources": source_entries_from_sources, ".list": source_entries_from_list}.get(file.suffix)
            text = convert(file.read_text(errors="replace")) if convert else ""
            if text:
                (parts / f"{number:03}{file.suffix}").write_text(text)
                found = True
        if not found:
            raise FetchError("apt's configuration names no package source to take deb-src entries from")
        # One unreachable or binary-only third-party source must not matter: what counts is whether `source` works.
        result = self._apt("update")
        if result.returncode != 0:
            self.log("apt-get update reported: " + result.stdout.strip().replace("\n", "\n    "))
        self.updated = True

    def _apt(self, *arguments, cwd=None):
        options = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": str((self.apt / "parts").resolve()),
            "Dir::State::lists": str((self.apt / "lists").resolve()),
            "Dir::Cache": str((self.apt / "cache").resolve()),
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        if os.geteuid() == 0:
            options["APT::Sandbox::User"] = "root"
        command = ["apt-get", "-q", "-y"]
        for key, value in options.items():
            command += ["-o", f"{key}={value}"]
        return subprocess.run([*command, *arguments], cwd=cwd, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "LC_ALL": "C"})

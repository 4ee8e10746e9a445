"""Tests of the conversion of apt's configuration: python3 -m unittest debian_source_test (in this folder)."""

import unittest

from debian_source import source_entries_from_list, source_entries_from_sources


class SourcesFiles(unittest.TestCase):
    def test_types_and_architectures_are_replaced_and_all_else_kept(self):
        text = ("# a comment\nTypes: deb\nURIs: http://mirror.invalid/debian\nSuites: stable stable-updates\n"
                "Components: main\nArchitectures: amd64\n arm64\nSigned-By: /usr/share/keyrings/some.gpg\n")
        self.assertEqual(source_entries_from_sources(text),
                         "Types: deb-src\nURIs: http://mirror.invalid/debian\nSuites: stable stable-updates\n"
                         "Components: main\nSigned-By: /usr/share/keyrings/some.gpg\n")

    def test_every_stanza_counts_but_disabled_ones(self):
        text = ("Types: deb deb-src\nURIs: http://one.invalid\nSuites: a\n\n"
                "Enabled: no\nTypes: deb\nURIs: http://two.invalid\nSuites: b\n \n"
                "types: deb\nuris: http://three.invalid\nsuites: c\n")
        self.assertEqual(source_entries_from_sources(text),
                         "Types: deb-src\nURIs: http://one.invalid\nSuites: a\n\n"
                         "Types: deb-src\nuris: http://three.invalid\nsuites: c\n")

    def test_a_key_within_the_file_stays_whole(self):
        text = "Types: deb\nURIs: http://one.invalid\nSuites: a\nSigned-By:\n -----BEGIN-----\n .\n abc: d\n -----END-----\n"
        self.assertEqual(source_entries_from_sources(text), text.replace("Types: deb", "Types: deb-src"))

    def test_nothing_gives_nothing(self):
        self.assertEqual(source_entries_from_sources("# only a comment\n\n"), "")


class ListFiles(unittest.TestCase):
    def test_entries_are_turned_and_named_once(self):
        text = ("# deb http://off.invalid a main\n"
                "deb http://one.invalid stable main contrib # a mirror\n"
                "deb-src http://one.invalid stable main contrib\n"
                "deb [arch=amd64 signed-by=/k.gpg] http://two.invalid stable main\n"
                "deb [ arch=amd64 ] http://three.invalid ./\n")
        self.assertEqual(source_entries_from_list(text),
                         "deb-src http://one.invalid stable main contrib\n"
                         "deb-src [signed-by=/k.gpg] http://two.invalid stable main\n"
                         "deb-src http://three.invalid ./\n")

    def test_nothing_gives_nothing(self):
        self.assertEqual(source_entries_from_list("\n# nothing\n"), "")


if __name__ == "__main__":
    unittest.main()

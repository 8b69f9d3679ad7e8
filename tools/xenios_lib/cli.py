# SPDX-License-Identifier: MIT
"""The subcommands, and how their errors reach the user: as one line."""
import argparse
import sys

from . import bench, fetch, run, test, trace
from .base import (INPUT_ERROR, INTERRUPTED, InputError, NO_END, ToolError,
                   say)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line and status 2."""

    def error(self, message):
        say("%s; see %s --help" % (message, self.prog))
        sys.exit(INPUT_ERROR)


def parser():
    """The command line of tools/xenios."""
    top = Parser(prog="tools/xenios", allow_abbrev=False,
                 description="Build, boot and test Xenios.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND",
                                  required=True, parser_class=Parser)
    for name, module, text in (
            ("run", run, "boot in QEMU, console on this terminal"),
            ("test", test, "run every test"),
            ("trace", trace, "run, and write down what happens"),
            ("bench", bench, "what operations cost, here and on Xen"),
            ("fetch", fetch, "kernels and ramdisks of others, by name")):
        sub = commands.add_parser(name, help=text, description=module.__doc__,
                                  allow_abbrev=False)
        module.add_arguments(sub)
        sub.set_defaults(main=module.main)
    return top


def main(arguments):
    """Returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        return options.main(options)
    except InputError as error:
        say(str(error))
        return INPUT_ERROR
    except ToolError as error:
        say(str(error))
        return NO_END
    except OSError as error:
        say(": ".join(filter(None, (error.filename, str(
            error.strerror or error).lower()))))
        return NO_END
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED

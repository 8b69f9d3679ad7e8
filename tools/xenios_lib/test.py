# SPDX-License-Identifier: MIT
"""`tools/xenios test`: everything, through CTest."""


def add_arguments(parser):
    pass


def main(options):
    return 0

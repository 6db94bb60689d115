"""One verb a file: plain arguments in, an exit code out; names, options and help are ``cli``'s."""

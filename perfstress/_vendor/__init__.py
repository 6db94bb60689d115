"""Files of other projects that travel inside the package, each with its licence and checksum."""

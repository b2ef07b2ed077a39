"""Host tools: build, flash, console, lint, benches, makers of fonts and samples."""

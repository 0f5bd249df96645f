//! The command-line program: see [`toolcat::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    toolcat::cli::main()
}

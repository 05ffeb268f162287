//! Completions and the manual page, made from the command line's own grammar.

use std::io::{self, Write};

use clap::CommandFactory as _;

use super::{Args, Exit};

pub(super) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> io::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "mailmedic", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Fine)
}

pub(super) fn man(out: &mut dyn Write) -> io::Result<Exit> {
    let mut command = Args::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut &mut *out)?;
    for verb in command.get_subcommands() {
        clap_mangen::Man::new(verb.clone()).render(&mut &mut *out)?;
    }
    Ok(Exit::Fine)
}

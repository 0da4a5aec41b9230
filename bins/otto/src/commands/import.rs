use std::{env, fmt::Write, process::ExitCode};

use app::{
    import::{ImportOrder, Report, Tally, import},
    ports::OldTable,
};
use kernel::CompanyId;
use wiring::open_predecessor;

use super::{Failure, new_world};
use crate::{
    bars::Bars,
    cli::ImportArgs,
    output::{complain, say, table},
};

/// `otto import`.
pub async fn run(args: ImportArgs) -> Result<ExitCode, Failure> {
    let Some(from) = args.from.or_else(|| env::var(settings::IMPORT_FROM).ok()) else {
        return Ok(complain(&format!(
            "there is nothing to import from\nSet {} to the address of the predecessor's database.",
            settings::IMPORT_FROM
        )));
    };
    if !from.starts_with("postgres://") && !from.starts_with("postgresql://") {
        return Ok(complain(
            "the predecessor's database is named by an address that begins with postgres://",
        ));
    }
    let order =
        ImportOrder { company: args.company.map(CompanyId::try_new).transpose()?, dry_run: args.dry_run };
    let otto = new_world().await?;
    let predecessor = open_predecessor(&from).await?;
    let report = import(&otto.ports, predecessor.as_ref(), &order, &Bars::new(args.quiet)).await;
    let report = match report {
        Ok(report) => report,
        Err(error) => return Ok(complain(&broke_off(&error))),
    };
    say(&if args.json { report.to_json().to_string() + "\n" } else { as_text(&report) });
    Ok(ExitCode::SUCCESS)
}

fn broke_off(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text + "\nWhat was taken until then is there; run it again once what stood in the way was mended."
}

/// A table, what was taken otherwise or set aside, and what it all came to.
fn as_text(report: &Report) -> String {
    let totals = report.totals();
    let rows: Vec<_> = totals
        .iter()
        .map(|(which, tally)| {
            let aside: u64 = tally.aside.values().sum();
            let name = which.as_str().to_owned();
            let numbers = [tally.read, tally.taken, tally.there, tally.united, tally.filled, aside];
            let missing = if tally.is_missing { "not there, or not as expected" } else { "" };
            std::iter::once(name)
                .chain(numbers.iter().map(u64::to_string))
                .chain(std::iter::once(missing.to_owned()))
                .collect()
        })
        .collect();
    let mut text =
        table(&["TABLE", "READ", "TAKEN", "THERE ALREADY", "UNITED", "ADDED TO", "SET ASIDE", ""], &rows);
    for (which, tally) in
        totals.iter().filter(|(_, tally)| !tally.aside.is_empty() || !tally.otherwise.is_empty())
    {
        text.push_str(&particulars(*which, tally));
    }
    if report.calls_of_nobody > 0 {
        let count = report.calls_of_nobody;
        let _ = writeln!(text, "\n{count} calls belong to no company, and were not read.");
    }
    text.push_str(match (report.is_new(), report.dry_run) {
        (true, false) => "\nMoved in. Run `otto verify` now.\n",
        (true, true) => "\nThis is what would be moved in; nothing was changed.\n",
        (false, _) => "\nEverything that can be taken was there already; nothing was changed.\n",
    });
    text
}

fn particulars(which: OldTable, tally: &Tally) -> String {
    let mut text = format!("\n{}\n", which.as_str());
    for (how, count) in &tally.otherwise {
        let _ = writeln!(text, "  {count} taken otherwise: {how}");
    }
    for (why, count) in &tally.aside {
        let _ = writeln!(text, "  {count} set aside: {why}");
        let such = tally.examples.iter().filter(|(_, other)| other == why);
        let ids: Vec<_> = such.map(|(id, _)| id.as_str()).collect();
        if !ids.is_empty() {
            let _ = writeln!(text, "    such as {}", ids.join(", "));
        }
    }
    text
}

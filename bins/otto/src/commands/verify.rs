use std::process::ExitCode;

use app::verify::{CHECKS, CheckReport, Level, Order, Report, verify};
use kernel::CompanyId;

use super::{Failure, world};
use crate::{
    bars::Bars,
    cli::VerifyArgs,
    output::{complain, say, table},
};

/// `otto verify`.
pub async fn run(args: VerifyArgs) -> Result<ExitCode, Failure> {
    let order = Order {
        company: args.company.map(CompanyId::try_new).transpose()?,
        deep: args.deep,
        only: args.checks,
        examples: usize::try_from(args.examples).unwrap_or(usize::MAX),
    };
    for name in &order.only {
        if !CHECKS.iter().any(|check| check.name.starts_with(name.as_str())) {
            let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
            return Ok(complain(&format!("no check is called {name}; there are {}", names.join(", "))));
        }
    }
    let otto = world().await?;
    if let Some(company) = &order.company
        && otto.ports.tenants.find(company).await?.is_none()
    {
        return Ok(complain(&format!("there is no company {company}")));
    }
    let report = verify(&otto.ports, otto.inspector().as_ref(), &order, &Bars::new(args.quiet)).await;
    say(&if args.json { report.to_json().to_string() + "\n" } else { as_text(&report) });
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A table, what was found, and the verdict.
pub fn as_text(report: &Report) -> String {
    let rows: Vec<_> = report
        .checks
        .iter()
        .map(|one| {
            let verdict = match (&one.broke_off, one.found, one.check.level) {
                (Some(_), ..) => "NOT MADE",
                (None, 0, _) => "ok",
                (None, _, Level::Wrong) => "WRONG",
                (None, _, Level::Notice) => "notice",
            };
            vec![
                one.check.name.to_owned(),
                verdict.to_owned(),
                one.looked_at.to_string(),
                one.found.to_string(),
                one.check.about.to_owned(),
            ]
        })
        .collect();
    let mut text = table(&["CHECK", "VERDICT", "LOOKED AT", "FOUND", "COUNTS"], &rows);
    for one in report.checks.iter().filter(|one| one.found > 0 || one.broke_off.is_some()) {
        text.push_str(&findings(one));
    }
    let verdict = match report.checks.iter().filter(|one| !one.is_clean()).count() {
        0 => "\nEverything agrees.\n".to_owned(),
        1 => "\n1 check found something wrong: see docs/operations.md, Verify.\n".to_owned(),
        more => format!("\n{more} checks found something wrong: see docs/operations.md, Verify.\n"),
    };
    text + &verdict
}

fn findings(one: &CheckReport) -> String {
    let mut lines = vec![format!("\n{}", one.check.name)];
    lines.extend(one.examples.iter().map(|finding| {
        let company = finding.company.as_deref().map(|company| format!(" of {company}")).unwrap_or_default();
        format!("  {}{company}: {}", finding.subject, finding.why)
    }));
    let told = u64::try_from(one.examples.len()).unwrap_or(u64::MAX);
    if one.found > told {
        lines.push(format!("  and {} more", one.found - told));
    }
    lines.extend(one.broke_off.iter().map(|why| format!("  could not be made to its end: {why}")));
    lines.join("\n") + "\n"
}

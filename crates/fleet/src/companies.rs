use simulators::SimulatedTenant;
use tokio::process::Command;

/// The demo manager; the other people's names begin with it.
const MANAGER: &str = "dev-test-user";

/// `otto tenants set` for a demo company, as an operator would run it; people belong to the first.
pub(crate) fn set_up(mut otto: Command, company: &SimulatedTenant, with_people: bool) -> Command {
    otto.args(["tenants", "set", "--id", &company.company_id, "--name", &company.name])
        .args(["--time-zone", &company.time_zone])
        .args(["--callrail-company", &company.callrail_company_id.to_string()])
        .args(["--callrail-company", &company.callrail_company_resource_id])
        .env("OTTO_TENANT_SIGNING_KEY", company.signing_key.expose());
    for number in &company.tracking_numbers {
        otto.args(["--tracking-number", number]);
    }
    if with_people {
        otto.args(["--user", &format!("{MANAGER}:manager")]);
        for role in ["csr", "sales_rep"] {
            otto.args(["--user", &format!("{MANAGER}-{role}:{role}")]);
        }
    }
    otto
}

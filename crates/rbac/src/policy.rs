use crate::Role;

/// Something a person may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Read calls, transcripts and analyses.
    CallsRead,
    /// Read contact cards.
    ContactsRead,
    /// Read leads.
    LeadsRead,
    /// Read tasks.
    TasksRead,
    /// Read appointments.
    AppointmentsRead,
    /// Read key signals.
    SignalsRead,
    /// Read the receptionist dashboard.
    DashboardRead,
    /// Look at the console.
    ConsoleRead,
}

/// How far a permission reaches. Applied in the query, not after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Every row of the tenant.
    Company,
    /// Rows that are the person's own, in the sense each query defines (assigned, made, or of their customers).
    Own,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 8] = [
        Self::CallsRead,
        Self::ContactsRead,
        Self::LeadsRead,
        Self::TasksRead,
        Self::AppointmentsRead,
        Self::SignalsRead,
        Self::DashboardRead,
        Self::ConsoleRead,
    ];

    /// As printed in the matrix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallsRead => "calls.read",
            Self::ContactsRead => "contacts.read",
            Self::LeadsRead => "leads.read",
            Self::TasksRead => "tasks.read",
            Self::AppointmentsRead => "appointments.read",
            Self::SignalsRead => "signals.read",
            Self::DashboardRead => "dashboard.read",
            Self::ConsoleRead => "console.read",
        }
    }
}

/// The policy: how far a role's permission reaches, or `None` for denied
/// (contract `operations.json`, `roles` and `tenant_scope` of each operation).
pub fn grant(role: Role, permission: Permission) -> Option<Grant> {
    use Permission::{
        AppointmentsRead, CallsRead, ConsoleRead, ContactsRead, DashboardRead, LeadsRead, SignalsRead,
        TasksRead,
    };
    match (role, permission) {
        (Role::Manager, _) => Some(Grant::Company),
        (Role::Csr, TasksRead) => Some(Grant::Own),
        (Role::Csr, CallsRead | ContactsRead | LeadsRead | AppointmentsRead | SignalsRead) => {
            Some(Grant::Company)
        }
        (
            Role::SalesRep,
            CallsRead | ContactsRead | LeadsRead | TasksRead | AppointmentsRead | SignalsRead,
        ) => Some(Grant::Own),
        (Role::Csr | Role::SalesRep, DashboardRead) => Some(Grant::Company),
        (Role::Csr | Role::SalesRep, ConsoleRead) => None,
    }
}

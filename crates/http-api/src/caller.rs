use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use app::{ports::Identity, reads::Viewer};
use kernel::ErrorKind;
use rbac::Grant;

use crate::ApiError;

/// Who calls, checked, and how far the permission this route asks for reaches. Handlers take it as an argument; only the
/// guard makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub identity: Identity,
    /// How far.
    pub reach: Grant,
}

impl Caller {
    /// As reads take it.
    pub fn viewer(&self) -> Viewer {
        Viewer {
            company: self.identity.company.clone(),
            user: self.identity.user.clone(),
            role: self.identity.role,
            reach: self.reach,
        }
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // a handler that asks for a caller on a route without a permission is a bug, and must not let anybody in
        let missing = || ApiError::new(ErrorKind::Internal, "Something went wrong on our side");
        ready(request.extensions().get::<Self>().cloned().ok_or_else(missing))
    }
}

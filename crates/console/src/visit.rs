use actix_web::{HttpMessage, HttpRequest};
use app::reads::{ViewError, Viewer};
use kernel::{Calendar, ErrorKind, StoreError};

use crate::{ConsoleState, house::House, text::Wall};

/// Who looks at a page, and the clock on their company's wall.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Who.
    pub(crate) viewer: Viewer,
    /// Their company's name; empty where it is not known.
    pub(crate) company: String,
    /// What time it is there.
    pub(crate) wall: Wall,
    /// Who does the work.
    pub(crate) house: House,
}

/// Why a page cannot be shown.
#[derive(Debug)]
pub(crate) enum PageError {
    /// There is no such thing, or none this viewer may see.
    Missing,
    /// Its view failed.
    View(ViewError),
    /// Whoever mounted the console let a request through without saying who it is.
    NoViewer,
}

impl PageError {
    /// How the failure concerns the viewer.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing => ErrorKind::NotFound,
            Self::View(error) => error.kind(),
            Self::NoViewer => ErrorKind::Internal,
        }
    }

    /// What is said of it stays here: people get a page of ours.
    pub(crate) fn log(&self) {
        match self {
            Self::Missing => {}
            Self::View(error) if error.kind() == ErrorKind::Internal => {
                tracing::error!(error = error as &dyn std::error::Error, "a console page failed");
            }
            Self::View(error) => {
                tracing::warn!(error = error as &dyn std::error::Error, "a console page failed");
            }
            Self::NoViewer => tracing::error!("a console page was reached without a viewer"),
        }
    }
}

impl From<ViewError> for PageError {
    fn from(error: ViewError) -> Self {
        Self::View(error)
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        Self::View(error.into())
    }
}

impl Visit {
    /// Reads who it is from the request.
    pub(crate) async fn begin(request: &HttpRequest, state: &ConsoleState) -> Result<Self, PageError> {
        let viewer = request.extensions().get::<Viewer>().cloned().ok_or(PageError::NoViewer)?;
        let (company, house) = tokio::join!(
            state.ports.tenants.find(&viewer.company),
            House::look(&state.ports, state.expected),
        );
        let company = company?;
        let (name, calendar) =
            company.map_or((String::new(), Calendar::UTC), |company| (company.name, company.calendar));
        let wall = Wall { calendar, now: state.ports.clock.now() };
        Ok(Self { viewer, company: name, wall, house })
    }
}

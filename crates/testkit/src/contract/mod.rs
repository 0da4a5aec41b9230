//! What every adapter of a port must do. Each case is a function over the port; [`contract_tests!`] makes a test of each
//! case for each database.

pub mod analyses;
mod bench;
pub mod blobs;
pub mod calls;
pub mod crm;
pub mod events;
pub mod inbox;
pub mod processes;
pub mod queue;
pub mod reads;
pub mod sweeps;
pub mod tallies;
pub mod tenants;
pub mod unit_of_work;

/// Makes one test for each case and each database: `contract_tests!(module { case, case })`.
#[macro_export]
macro_rules! contract_tests {
    ($module:ident { $($case:ident),* $(,)? }) => {
        mod $module {
            mod sqlite {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    $crate::contract::$module::$case(&$crate::sqlite().await).await;
                })*
            }
            mod postgres {
                $(#[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    $crate::contract::$module::$case(&$crate::postgres().await).await;
                })*
            }
        }
    };
}

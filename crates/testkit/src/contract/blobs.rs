//! Where recordings are kept: [`BlobStore`](app::ports::BlobStore). [`blob_contract_tests!`](crate::blob_contract_tests)
//! makes a test of each case for one storage.

#![expect(missing_docs, reason = "the name of a case says what it is about")]

mod alone;
mod bench;
mod keys;
mod links;
mod listing;
mod long;
mod reading;
mod writing;

pub use alone::{alone, alone_after, is_alone};
pub use bench::BlobBench;
pub use keys::*;
pub use links::*;
pub use listing::*;
pub use long::*;
pub use reading::*;
pub use writing::*;

/// Makes one test for each case: `blob_contract_tests!(crate::bench)`, where the path names an async function that makes a
/// [`BlobBench`].
#[macro_export]
macro_rules! blob_contract_tests {
    ($bench:path) => {
        $crate::blob_contract_tests!($bench {
            bytes_come_back_as_they_went,
            an_empty_object_is_an_object,
            the_limit_itself_is_allowed_and_a_byte_more_is_not,
            a_limit_is_kept_however_long_the_stream_is,
            a_source_that_breaks_off_leaves_nothing,
            a_put_that_is_given_up_leaves_nothing,
            a_failed_put_leaves_what_was_there,
            a_second_put_replaces_the_whole_object,
            of_concurrent_writers_one_wins_whole,
            whoever_reads_while_another_writes_sees_no_mixture,
            content_types_are_kept,
            what_is_not_there_is_none,
            any_part_of_an_object_can_be_read,
            what_lies_beyond_the_end_is_empty,
            deleting_removes_and_may_be_repeated,
            tenants_have_keys_of_their_own,
            no_key_of_another_tenant_can_be_formed,
            every_character_a_key_may_have_is_a_character,
            keys_that_begin_alike_are_different,
            a_link_leads_to_the_bytes_without_any_other_proof,
            a_link_serves_ranges,
            a_link_lasts_as_long_as_was_asked_and_no_longer,
            a_link_cannot_be_altered,
            a_link_to_nothing_leads_nowhere,
            a_link_for_storing_stores,
            a_link_for_storing_allows_nothing_else,
            an_empty_storage_has_an_empty_list,
            a_list_names_every_object_once_in_the_order_of_names,
            a_list_tells_sizes_and_times,
            a_list_of_one_tenant_is_its_own,
            what_is_not_whole_or_was_removed_is_not_listed,
            a_long_list_comes_in_pages,
        });

        mod long {
            #[tokio::test(flavor = "multi_thread")]
            async fn a_long_stream_takes_little_memory() {
                // other tests of this process would be measured too
                let name = concat!(module_path!(), "::a_long_stream_takes_little_memory");
                if $crate::contract::blobs::is_alone() {
                    $crate::contract::blobs::a_long_stream_takes_little_memory(&$bench().await).await;
                } else {
                    $crate::contract::blobs::alone(name, &[]).await;
                }
            }
        }
    };
    ($bench:path { $($case:ident),* $(,)? }) => {
        mod contract {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $crate::contract::blobs::$case(&$bench().await).await;
            })*
        }
    };
}

#[cfg(test)]
mod tests {
    /// Every case is in the list above.
    #[test]
    fn every_case_is_run() {
        let list = include_str!("blobs.rs");
        let cases = [
            include_str!("blobs/keys.rs"),
            include_str!("blobs/links.rs"),
            include_str!("blobs/listing.rs"),
            include_str!("blobs/long.rs"),
            include_str!("blobs/reading.rs"),
            include_str!("blobs/writing.rs"),
        ];
        let written: Vec<_> = cases
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next())
            .collect();
        assert!(written.len() > 20, "the cases were not found: {written:?}");
        let missing: Vec<_> = written.iter().filter(|case| !list.contains(**case)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}

"""Lines of the catalogue that are proved, wholly or in part, outside this package; and those that nothing answers yet."""

from __future__ import annotations

# Number: (file, a test in it). A line may be in the catalogue as well: here is what a single request cannot show.
PROVED: dict[int, tuple[tuple[str, str], ...]] = {
    15: (("tests/hostile/test_parsers.py", "test_a_picture_made_to_take_memory_takes_none"),),
    22: (
        ("tests/live/test_uploads.py", "test_a_body_that_says_it_is_too_large_is_refused_before_a_byte_of_it"),
        ("tests/live/test_uploads.py", "test_a_streamed_body_is_cut_off_at_the_limit"),
    ),
    25: (("tests/hostile/test_parsers.py", "test_a_hostile_file_is_judged_quickly"),),
    **dict.fromkeys(
        (23, 26, 28, 29, 30, 59), (("tests/hostile/test_parsers.py", "test_what_is_not_taken_reaches_no_parser"),)
    ),
    35: (("tests/hostile/test_outputs.py", "test_a_two_frame_jpeg_gives_its_first_frame_as_a_jpeg"),),
    38: (("tests/hostile/test_outputs.py", "test_a_cmyk_jpeg_stays_in_four_inks_or_the_receipt_says_otherwise"),),
    39: (("tests/hostile/test_outputs.py", "test_a_cmyk_jpeg_with_inverted_inks_is_no_negative"),),
    40: (("tests/hostile/test_outputs.py", "test_16_bits_stay_16_bits"),),
    41: (("tests/hostile/test_outputs.py", "test_16_bits_stay_16_bits"),),
    42: (("tests/hostile/test_outputs.py", "test_colours_and_alpha_outside_the_mask_are_the_same"),),
    43: (("tests/hostile/test_outputs.py", "test_colours_and_alpha_outside_the_mask_are_the_same"),),
    44: (("tests/hostile/test_outputs.py", "test_a_grey_jpeg_stays_grey"),),
    45: (("tests/hostile/test_outputs.py", "test_the_alpha_of_a_fully_transparent_picture_is_returned_unchanged"),),
    46: (("tests/hostile/test_outputs.py", "test_a_turned_photo_is_worked_on_as_it_is_displayed"),),
    47: (("tests/hostile/test_outputs.py", "test_broken_exif_is_ignored"),),
    48: (("tests/hostile/test_outputs.py", "test_the_place_stays_or_goes_as_asked"),),
    49: (("tests/hostile/test_outputs.py", "test_a_colour_profile_is_kept"),),
    50: (("tests/hostile/test_outputs.py", "test_junk_for_a_profile_is_dropped"),),
    51: (("tests/hostile/test_outputs.py", "test_what_hung_behind_the_picture_is_gone"),),
    52: (
        ("tests/hostile/test_outputs.py", "test_what_hung_behind_the_picture_is_gone"),
        ("tests/jobs/test_files.py", "test_a_result_is_served_so_that_no_browser_runs_it"),
    ),
    53: (("tests/live/test_uploads.py", "test_a_small_file_that_takes_for_ever_to_decode_is_refused"),),
    57: (("tests/hostile/test_names.py", "test_a_file_name_is_used_nowhere"),),
    81: (("tests/jobs/test_segment.py", "test_a_sentence_against_the_policy_is_blocked_and_nothing_is_kept"),),
    84: (("tests/hostile/test_names.py", "test_a_misspelt_parameter_is_answered_with_the_nearest_name"),),
    **dict.fromkeys(
        range(87, 98), (("tests/pixelsite/test_fetch.py", "test_a_forbidden_address_is_refused_without_a_connection"),)
    ),
    98: (("tests/pixelsite/test_fetch.py", "test_one_private_answer_among_public_ones_refuses_the_name"),),
    99: (("tests/pixelsite/test_fetch.py", "test_a_name_that_changes_its_answer_gains_nothing"),),
    100: (
        ("tests/pixelsite/test_fetch.py", "test_a_bad_answer_is_refused"),
        ("tests/pixelsite/test_fetch.py", "test_a_redirect_leads_nobody_to_loopback"),
    ),
    105: (("tests/pixelsite/test_fetch.py", "test_the_site_does_not_call_itself"),),
    **dict.fromkeys(
        (107, 108, 109), (("tests/pixelsite/test_fetch.py", "test_no_more_is_read_than_the_limit_and_a_chunk"),)
    ),
    110: (("tests/pixelsite/test_fetch.py", "test_a_slow_answer_is_given_up_at_the_total_limit"),),
    111: (("tests/pixelsite/test_fetch.py", "test_whatever_a_server_does_wrong_is_told_in_the_same_words"),),
    116: (("tests/hostile/test_keys.py", "test_wrong_keys_are_refused_in_the_same_words"),),
    119: (("tests/live/test_protocol.py", "test_a_key_in_the_address_is_not_logged"),),
    120: (("tests/live/test_protocol.py", "test_two_authorization_headers_are_refused"),),
    127: (("tests/live/test_protocol.py", "test_a_length_that_lies_starts_no_second_request"),),
    128: (("tests/live/test_protocol.py", "test_another_method_is_refused"),),
    131: (("tests/live/test_protocol.py", "test_forwarded_addresses_do_not_multiply_the_limit"),),
    139: (("tests/hostile/test_names.py", "test_a_form_of_the_dashboard_without_its_token_is_refused"),),
    140: (("tests/live/test_protocol.py", "test_no_other_site_is_let_in"),),
    141: (
        ("tests/billing/test_stripe_signatures.py", "test_a_forged_event_is_refused_and_leaves_nothing"),
        ("tests/billing/test_stripe_signatures.py", "test_no_changed_byte_is_taken"),
    ),
    142: (
        ("tests/billing/test_stripe_order.py", "test_two_deliveries_at_once_grant_once"),
        ("tests/billing/test_stripe_signatures.py", "test_an_event_that_comes_twice_is_stored_and_granted_once"),
    ),
    143: (("tests/billing/test_stripe_order.py", "test_the_stream_in_any_order_ends_the_same"),),
    144: (
        ("tests/billing/test_stripe_signatures.py", "test_an_event_of_an_unknown_customer_is_parked_and_told_of"),
        ("tests/billing/test_stripe_signatures.py", "test_an_event_of_an_unknown_kind_is_taken_and_ignored"),
        ("tests/billing/test_stripe_signatures.py", "test_a_live_event_is_refused_by_a_test_key"),
    ),
    145: (
        ("tests/billing/test_stripe_purchases.py", "test_a_page_that_is_completed_but_unpaid_waits_for_the_payment"),
    ),
    146: (
        (
            "tests/billing/test_stripe_money_back.py",
            "test_a_dispute_after_the_credits_are_spent_is_a_debt_and_stops_new_jobs",
        ),
    ),
    147: (("tests/billing/test_stripe_pages.py", "test_an_amount_or_price_of_the_buyers_own_is_refused"),),
    149: (("tests/jobs/test_files.py", "test_asking_for_the_head_alone_is_answered"),),
    150: (
        ("tests/billing/test_admin.py", "test_a_wrong_adjustment_is_refused_and_writes_nothing"),
        ("tests/billing/test_admin.py", "test_an_operator_cannot_adjust_their_own_credits"),
    ),
    152: (("tests/live/test_waiting.py", "test_a_wait_is_capped_and_says_so"),),
    153: (("tests/live/test_waiting.py", "test_a_caller_that_hangs_up_leaves_the_job_to_go_on"),),
    154: (
        ("tests/jobs/facades/test_maskr_refusals.py", "test_a_batch_needs_pairs"),
        ("tests/jobs/facades/test_maskr_refusals.py", "test_one_bad_pair_among_fifty_fails_alone"),
        ("tests/contracts/test_maskr.py", "test_one_bad_pair_fails_alone"),
    ),
    156: (
        ("tests/contracts/test_picwish.py", "test_a_wrong_parameter_is_400"),
        ("tests/jobs/facades/test_clipdrop_refusals.py", "test_a_grey_mask_is_thresholded"),
        ("tests/contracts/test_maskr.py", "test_without_mask_and_prompts_the_mask_is_missing"),
    ),
}

# What is not built cannot be asked. Whoever builds it moves its lines into the catalogue.
NOT_BUILT: dict[int, str] = {
    86: "no operation takes a seed: unknown_parameter instead of seed_invalid",
    117: "in part: keys neither expire nor rotate yet; revoked ones are in the catalogue",
    138: "the default engine needs no weights and a worker whose engine cannot be loaded does not start: jobs wait",
}

//! The tables, as the migrations make them. A test prints this file again from a migrated
//! database and fails if it differs.

#![allow(missing_docs)]

diesel::table! {
    api_tokens (id) {
        id -> Int8,
        principal -> Varchar,
        role -> Varchar,
        record -> Bool,
        hash -> Bytea,
        note -> Nullable<Varchar>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_pending (tool_id) {
        tool_id -> Int8,
        last_id -> Nullable<Int8>,
        action -> Varchar,
        changed_by -> Varchar,
        reason -> Nullable<Text>,
        ip_address -> Nullable<Varchar>,
        via -> Nullable<Varchar>,
        request_id -> Nullable<Varchar>,
        token_id -> Nullable<Int8>,
    }
}

diesel::table! {
    catalog_members (id) {
        id -> Int8,
        principal -> Varchar,
        role -> Varchar,
        record -> Bool,
        delegate -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    catalog_state (only_row) {
        only_row -> Bool,
        revision -> Int8,
        begun_by -> Nullable<Int8>,
        begun_at -> Nullable<Timestamptz>,
        migration -> Nullable<Varchar>,
        indexed_revision -> Nullable<Int8>,
        index_format -> Nullable<Int4>,
        documents -> Int8,
        total_length -> Int8,
    }
}

diesel::table! {
    catalog_teams (id) {
        id -> Int8,
        principal -> Varchar,
        team -> Varchar,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    search_terms (term, block) {
        term -> Text,
        block -> Int8,
        postings -> Bytea,
    }
}

diesel::table! {
    selection_index (tool_id, capability_name) {
        tool_id -> Int8,
        capability_name -> Text,
        entry -> Text,
        words -> Text,
        revision -> Nullable<Int8>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Int8,
        hash -> Bytea,
        principal -> Varchar,
        token_id -> Nullable<Int8>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    tool_ab_assignments (test_id, phase, unit) {
        test_id -> Int8,
        phase -> Int4,
        unit -> Varchar,
        arm -> Varchar,
        bucket -> Float8,
        seed -> Uuid,
        assigned_at -> Timestamptz,
    }
}

diesel::table! {
    tool_ab_looks (id) {
        id -> Int8,
        test_id -> Int8,
        phase -> Int4,
        looked_at -> Timestamptz,
        recorded -> Int8,
        verdict -> Varchar,
        p -> Jsonb,
    }
}

diesel::table! {
    tool_ab_tests (id) {
        id -> Int8,
        test_name -> Varchar,
        description -> Nullable<Text>,
        tool_a_id -> Int8,
        tool_b_id -> Int8,
        traffic_split -> Float8,
        target_environment -> Nullable<Varchar>,
        target_users -> Jsonb,
        status -> Varchar,
        winner_tool_id -> Nullable<Int8>,
        results -> Jsonb,
        started_at -> Nullable<Timestamptz>,
        completed_at -> Nullable<Timestamptz>,
        created_by -> Varchar,
        hypothesis -> Nullable<Text>,
        primary_metrics -> Jsonb,
        guardrails -> Jsonb,
        counted_outcome -> Varchar,
        unit_kind -> Varchar,
        coverage -> Float8,
        confidence -> Float8,
        planned_size -> Int8,
        minimum_duration_s -> Float8,
        seed -> Uuid,
        phase -> Int4,
        phase_started_at -> Nullable<Timestamptz>,
        earlier_phases -> Jsonb,
        paused_at -> Nullable<Timestamptz>,
        paused_s -> Float8,
        forced -> Bool,
    }
}

diesel::table! {
    tool_audit_chain (revision, last_id) {
        revision -> Int8,
        last_id -> Int8,
        hash -> Bytea,
    }
}

diesel::table! {
    tool_audit_log (id) {
        id -> Int8,
        revision -> Int8,
        tool_id -> Nullable<Int8>,
        platform -> Nullable<Varchar>,
        tool_name -> Nullable<Varchar>,
        version -> Nullable<Varchar>,
        entity -> Varchar,
        entity_id -> Int8,
        entity_name -> Text,
        action -> Varchar,
        changes -> Jsonb,
        changed_by -> Varchar,
        db_user -> Varchar,
        changed_at -> Timestamptz,
        reason -> Nullable<Text>,
        ip_address -> Nullable<Varchar>,
        via -> Nullable<Varchar>,
        request_id -> Nullable<Varchar>,
        token_id -> Nullable<Int8>,
    }
}

diesel::table! {
    tool_capabilities (id) {
        id -> Int8,
        tool_id -> Int8,
        capability_name -> Varchar,
        description -> Text,
        extra -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    tool_patterns (id) {
        id -> Int8,
        capability_id -> Int8,
        pattern_name -> Varchar,
        description -> Text,
        typical_use_cases -> Jsonb,
        time_estimate_ms -> Varchar,
        cost_estimate -> Varchar,
        complexity_score -> Float8,
        scope -> Varchar,
        completeness -> Varchar,
        limitations -> Jsonb,
        policy -> Jsonb,
        preference_match -> Jsonb,
        required_inputs -> Jsonb,
        optional_inputs -> Jsonb,
        expected_outputs -> Jsonb,
        examples -> Jsonb,
        extra -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        effect -> Nullable<Varchar>,
        invocation -> Nullable<Jsonb>,
    }
}

diesel::table! {
    tool_selections (id) {
        id -> Int8,
        recorded_at -> Timestamptz,
        recorded_by -> Varchar,
        revision -> Int8,
        request_hash -> Bpchar,
        request -> Jsonb,
        pool -> Jsonb,
        answer -> Nullable<Jsonb>,
    }
}

diesel::table! {
    tool_telemetry (id) {
        id -> Int8,
        tool_id -> Int8,
        capability_id -> Nullable<Int8>,
        pattern_id -> Nullable<Int8>,
        execution_id -> Nullable<Varchar>,
        user_id -> Nullable<Varchar>,
        environment -> Nullable<Varchar>,
        actual_time_ms -> Float8,
        actual_cost -> Nullable<Numeric>,
        estimated_time_ms -> Nullable<Float8>,
        estimated_cost -> Nullable<Float8>,
        success -> Bool,
        error_message -> Nullable<Text>,
        context_variables -> Jsonb,
        executed_at -> Timestamptz,
        rating -> Nullable<Int2>,
    }
}

diesel::table! {
    tool_vectors (tool_id) {
        tool_id -> Int8,
        encoder -> Bytea,
        texts -> Bytea,
        vectors -> Bytea,
    }
}

diesel::table! {
    tools (id) {
        id -> Int8,
        tool_name -> Varchar,
        version -> Varchar,
        description -> Text,
        platform -> Varchar,
        category -> Varchar,
        status -> Varchar,
        enabled -> Bool,
        defaults -> Jsonb,
        dependencies -> Jsonb,
        metadata -> Jsonb,
        extra -> Jsonb,
        owner -> Nullable<Varchar>,
        definition_digest -> Nullable<Bpchar>,
        parent_version_id -> Nullable<Int8>,
        is_latest -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        created_by -> Varchar,
        updated_by -> Varchar,
        digest_at -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(sessions -> api_tokens (token_id));
diesel::joinable!(tool_ab_assignments -> tool_ab_tests (test_id));
diesel::joinable!(tool_ab_looks -> tool_ab_tests (test_id));
diesel::joinable!(tool_capabilities -> tools (tool_id));
diesel::joinable!(tool_patterns -> tool_capabilities (capability_id));
diesel::joinable!(tool_telemetry -> tools (tool_id));

diesel::allow_tables_to_appear_in_same_query!(
    api_tokens,
    catalog_members,
    catalog_state,
    catalog_teams,
    sessions,
    tool_ab_assignments,
    tool_ab_looks,
    search_terms,
    selection_index,
    tool_ab_tests,
    tool_audit_chain,
    tool_audit_log,
    tool_capabilities,
    tool_patterns,
    tool_selections,
    tool_telemetry,
    tool_vectors,
    tools,
);

/** One line of every kind the protocol has, with members no version of it knows. */
export const LINES: Readonly<Record<string, string>> = {
  record:
    '{"type":"RECORD","record":{"namespace":"public","stream":"users","data":{"id":1234567890123456789012345678901234567890,"d":0.1234567890123456789,"n":null},"emitted_at":1714557600000,"meta":{"changes":[{"field":"x","change":"NULLED","reason":"SOURCE_RETRIEVAL_ERROR","note":1}],"later":true},"file_reference":{"staging_file_url":"/s/a","source_file_relative_path":"a","file_size_bytes":1}},"trailer":[1]}',
  "record, shortest": '{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":0}}',
  "state STREAM":
    '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":""},"stream_state":{"cursor":98765432109876543210}},"sourceStats":{"recordCount":250},"id":17,"unknown":{"a":[null]}}}',
  "state STREAM, reset":
    '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":null}}}',
  "state GLOBAL":
    '{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{"lsn":1},"stream_states":[{"stream_descriptor":{"name":"users"},"stream_state":{}}]},"destinationStats":{"recordCount":2,"rejectedRecordCount":1}}}',
  "state LEGACY": '{"type":"STATE","state":{"type":"LEGACY","data":{"users":{"id":5}}}}',
  "state without a type": '{"type":"STATE","state":{"data":{"users":{"id":5}},"id":3}}',
  log: '{"type":"LOG","log":{"level":"INFO","message":"reading","stack_trace":"at a"}}',
  "trace ERROR":
    '{"type":"TRACE","trace":{"type":"ERROR","emitted_at":1714557600000.5,"error":{"message":"wrong key","internal_message":"401","stack_trace":"","failure_type":"config_error","stream_descriptor":{"name":"users"}}}}',
  "trace ESTIMATE":
    '{"type":"TRACE","trace":{"type":"ESTIMATE","emitted_at":1,"estimate":{"name":"users","namespace":"public","type":"STREAM","row_estimate":100,"byte_estimate":4500}}}',
  "trace STREAM_STATUS":
    '{"type":"TRACE","trace":{"type":"STREAM_STATUS","emitted_at":1,"stream_status":{"stream_descriptor":{"name":"users"},"status":"RUNNING","reasons":[{"type":"RATE_LIMITED","rate_limited":{"quota_reset":1714557600000}}]}}}',
  "trace ANALYTICS":
    '{"type":"TRACE","trace":{"type":"ANALYTICS","emitted_at":1,"analytics":{"type":"stat","value":"7"}}}',
  spec: '{"type":"SPEC","spec":{"documentationUrl":"https://example.com","changelogUrl":"https://example.com","connectionSpecification":{"type":"object","properties":{"key":{"type":"string","airbyte_secret":true}}},"supportsIncremental":true,"supported_destination_sync_modes":["append","soft_delete"],"protocol_version":"0.2.2","advanced_auth":{"auth_flow_type":"oauth2.0"},"supportsDBT":false}}',
  "connection status":
    '{"type":"CONNECTION_STATUS","connectionStatus":{"status":"FAILED","message":"no route"}}',
  catalog:
    '{"type":"CATALOG","catalog":{"streams":[{"name":"users","namespace":"public","json_schema":{"type":"object","properties":{}},"supported_sync_modes":["full_refresh","incremental"],"source_defined_cursor":true,"default_cursor_field":["updated_at"],"source_defined_primary_key":[["id"],["a","b"]],"is_resumable":true,"is_file_based":false,"later":1}]}}',
  control:
    '{"type":"CONTROL","control":{"type":"CONNECTOR_CONFIG","emitted_at":1,"connectorConfig":{"config":{"token":"t"}}}}',
  "destination catalog":
    '{"type":"DESTINATION_CATALOG","destination_catalog":{"operations":[{"object_name":"Contact","sync_mode":"update","json_schema":{},"matching_keys":[["email"]]}]}}',
};

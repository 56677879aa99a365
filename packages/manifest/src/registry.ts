// Generated from components/<kind>/<component>.ts; do not edit.
import type { Component } from "./component.ts";
import { apiKeyAuthenticator } from "./components/authenticator/api-key.ts";
import { basicHttpAuthenticator } from "./components/authenticator/basic.ts";
import { bearerAuthenticator } from "./components/authenticator/bearer.ts";
import { jwtAuthenticator } from "./components/authenticator/jwt.ts";
import { loginTokenAuthenticator } from "./components/authenticator/login-token.ts";
import { noAuth } from "./components/authenticator/no-auth.ts";
import { oauthAuthenticator } from "./components/authenticator/oauth.ts";
import { selectiveAuthenticator } from "./components/authenticator/selective.ts";
import { sessionTokenAuthenticator } from "./components/authenticator/session-token.ts";
import { constantBackoff } from "./components/backoff/constant.ts";
import { exponentialBackoff } from "./components/backoff/exponential.ts";
import { waitTimeFromHeader } from "./components/backoff/wait-time-from-header.ts";
import { waitUntilTimeFromHeader } from "./components/backoff/wait-until-time-from-header.ts";
import { checkDynamicStream } from "./components/check/dynamic-stream.ts";
import { checkStream } from "./components/check/stream.ts";
import { datetimeBasedCursor } from "./components/cursor/datetime-based.ts";
import { incrementingCountCursor } from "./components/cursor/incrementing-count.ts";
import { csvDecoder } from "./components/decoder/csv.ts";
import { gzipDecoder } from "./components/decoder/gzip.ts";
import { iterableDecoder } from "./components/decoder/iterable.ts";
import { jsonDecoder } from "./components/decoder/json.ts";
import { jsonlDecoder } from "./components/decoder/jsonl.ts";
import { xmlDecoder } from "./components/decoder/xml.ts";
import { zipfileDecoder } from "./components/decoder/zipfile.ts";
import { compositeErrorHandler } from "./components/error-handler/composite.ts";
import { defaultErrorHandler } from "./components/error-handler/default.ts";
import { dpathExtractor } from "./components/extractor/dpath.ts";
import { recordFilter } from "./components/filter/record.ts";
import { cursorPagination } from "./components/pagination-strategy/cursor.ts";
import { offsetIncrement } from "./components/pagination-strategy/offset-increment.ts";
import { pageIncrement } from "./components/pagination-strategy/page-increment.ts";
import { defaultPaginator } from "./components/paginator/default.ts";
import { noPagination } from "./components/paginator/none.ts";
import { cartesianProductRouter } from "./components/partition-router/cartesian.ts";
import { groupingPartitionRouter } from "./components/partition-router/grouping.ts";
import { listPartitionRouter } from "./components/partition-router/list.ts";
import { substreamPartitionRouter } from "./components/partition-router/substream.ts";
import { unionPartitionRouter } from "./components/partition-router/union.ts";
import { httpRequester } from "./components/requester/http.ts";
import { configComponentsResolver } from "./components/resolver/config.ts";
import { httpComponentsResolver } from "./components/resolver/http.ts";
import { parametrizedComponentsResolver } from "./components/resolver/parametrized.ts";
import { simpleRetriever } from "./components/retriever/simple.ts";
import { inlineSchemaLoader } from "./components/schema-loader/inline.ts";
import { jsonFileSchemaLoader } from "./components/schema-loader/json-file.ts";
import { recordSelector } from "./components/selector/record.ts";
import { legacyToPerPartitionStateMigration } from "./components/state-migration/per-partition.ts";
import { declarativeStream } from "./components/stream/declarative.ts";
import { stateDelegatingStream } from "./components/stream/state-delegating.ts";
import { addFields } from "./components/transformation/add-fields.ts";
import { dpathFlattenFields } from "./components/transformation/dpath-flatten.ts";
import { flattenFields } from "./components/transformation/flatten.ts";
import { keysReplace } from "./components/transformation/keys-replace.ts";
import { keysToLower } from "./components/transformation/keys-to-lower.ts";
import { removeFields } from "./components/transformation/remove-fields.ts";

export const components: readonly Component[] = [
  apiKeyAuthenticator,
  basicHttpAuthenticator,
  bearerAuthenticator,
  jwtAuthenticator,
  loginTokenAuthenticator,
  noAuth,
  oauthAuthenticator,
  selectiveAuthenticator,
  sessionTokenAuthenticator,
  constantBackoff,
  exponentialBackoff,
  waitTimeFromHeader,
  waitUntilTimeFromHeader,
  checkDynamicStream,
  checkStream,
  datetimeBasedCursor,
  incrementingCountCursor,
  csvDecoder,
  gzipDecoder,
  iterableDecoder,
  jsonDecoder,
  jsonlDecoder,
  xmlDecoder,
  zipfileDecoder,
  compositeErrorHandler,
  defaultErrorHandler,
  dpathExtractor,
  recordFilter,
  cursorPagination,
  offsetIncrement,
  pageIncrement,
  defaultPaginator,
  noPagination,
  cartesianProductRouter,
  groupingPartitionRouter,
  listPartitionRouter,
  substreamPartitionRouter,
  unionPartitionRouter,
  httpRequester,
  configComponentsResolver,
  httpComponentsResolver,
  parametrizedComponentsResolver,
  simpleRetriever,
  inlineSchemaLoader,
  jsonFileSchemaLoader,
  recordSelector,
  legacyToPerPartitionStateMigration,
  declarativeStream,
  stateDelegatingStream,
  addFields,
  dpathFlattenFields,
  flattenFields,
  keysReplace,
  keysToLower,
  removeFields,
];

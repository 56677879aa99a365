import type { Authenticator } from "./components/authenticator/contract.ts";
import type { BackoffStrategy } from "./components/backoff/contract.ts";
import type { Check } from "./components/check/contract.ts";
import type { Cursor } from "./components/cursor/contract.ts";
import type { Decoder } from "./components/decoder/contract.ts";
import type { ErrorHandler } from "./components/error-handler/contract.ts";
import type { Extractor } from "./components/extractor/contract.ts";
import type { RecordFilter } from "./components/filter/contract.ts";
import type { PaginationStrategy } from "./components/pagination-strategy/contract.ts";
import type { Paginator } from "./components/paginator/contract.ts";
import type { PartitionRouter } from "./components/partition-router/contract.ts";
import type { Requester } from "./components/requester/contract.ts";
import type { Resolver } from "./components/resolver/contract.ts";
import type { Retriever } from "./components/retriever/contract.ts";
import type { SchemaLoader } from "./components/schema-loader/contract.ts";
import type { Selector } from "./components/selector/contract.ts";
import type { StateMigration } from "./components/state-migration/contract.ts";
import type { StreamComponent } from "./components/stream/contract.ts";
import type { Transformation } from "./components/transformation/contract.ts";

/** What a component of each kind is once built. A kind is a folder under components/. */
export interface Kinds {
  readonly authenticator: Authenticator;
  readonly backoff: BackoffStrategy;
  readonly check: Check;
  readonly cursor: Cursor;
  readonly decoder: Decoder;
  readonly "error-handler": ErrorHandler;
  readonly extractor: Extractor;
  readonly filter: RecordFilter;
  readonly paginator: Paginator;
  readonly "pagination-strategy": PaginationStrategy;
  readonly "partition-router": PartitionRouter;
  readonly requester: Requester;
  readonly resolver: Resolver;
  readonly retriever: Retriever;
  readonly "schema-loader": SchemaLoader;
  readonly selector: Selector;
  readonly "state-migration": StateMigration;
  readonly stream: StreamComponent;
  readonly transformation: Transformation;
}

export type Kind = keyof Kinds;

import type { JsonObject, JsonValue, Log } from "@weir/protocol";
import type { Component, Node, Scope } from "../../src/component.ts";
import type { RequestCall } from "../../src/components/requester/contract.ts";
import { templateCompiler } from "../../src/expressions/index.ts";
import type { IncomingResponse, OutgoingRequest, Transport } from "../../src/http/transport.ts";
import type { Kind, Kinds } from "../../src/kinds.ts";
import { apiKeyAuthenticator } from "../../src/components/authenticator/api-key.ts";
import { basicHttpAuthenticator } from "../../src/components/authenticator/basic.ts";
import { bearerAuthenticator } from "../../src/components/authenticator/bearer.ts";
import { jwtAuthenticator } from "../../src/components/authenticator/jwt.ts";
import { loginTokenAuthenticator } from "../../src/components/authenticator/login-token.ts";
import { noAuth } from "../../src/components/authenticator/no-auth.ts";
import { oauthAuthenticator } from "../../src/components/authenticator/oauth.ts";
import { selectiveAuthenticator } from "../../src/components/authenticator/selective.ts";
import { sessionTokenAuthenticator } from "../../src/components/authenticator/session-token.ts";
import { constantBackoff } from "../../src/components/backoff/constant.ts";
import { exponentialBackoff } from "../../src/components/backoff/exponential.ts";
import { waitTimeFromHeader } from "../../src/components/backoff/wait-time-from-header.ts";
import { waitUntilTimeFromHeader } from "../../src/components/backoff/wait-until-time-from-header.ts";
import { csvDecoder } from "../../src/components/decoder/csv.ts";
import { gzipDecoder } from "../../src/components/decoder/gzip.ts";
import { iterableDecoder } from "../../src/components/decoder/iterable.ts";
import { jsonDecoder } from "../../src/components/decoder/json.ts";
import { jsonlDecoder } from "../../src/components/decoder/jsonl.ts";
import { zipfileDecoder } from "../../src/components/decoder/zipfile.ts";
import { compositeErrorHandler } from "../../src/components/error-handler/composite.ts";
import { defaultErrorHandler } from "../../src/components/error-handler/default.ts";
import { httpRequester } from "../../src/components/requester/http.ts";

const COMPONENTS: readonly Component[] = [
  apiKeyAuthenticator,
  basicHttpAuthenticator,
  bearerAuthenticator,
  compositeErrorHandler,
  constantBackoff,
  csvDecoder,
  defaultErrorHandler,
  exponentialBackoff,
  gzipDecoder,
  httpRequester,
  iterableDecoder,
  jsonDecoder,
  jsonlDecoder,
  jwtAuthenticator,
  loginTokenAuthenticator,
  noAuth,
  oauthAuthenticator,
  selectiveAuthenticator,
  sessionTokenAuthenticator,
  waitTimeFromHeader,
  waitUntilTimeFromHeader,
  zipfileDecoder,
];

/** 2025-03-04T05:06:07.123Z */
export const START = 1_741_064_767_123;

export type Reply =
  | {
      readonly status?: number;
      readonly headers?: Record<string, string>;
      readonly body?: JsonValue | Uint8Array;
    }
  | Error;

export interface Scene {
  readonly scope: Scope;
  readonly sent: OutgoingRequest[];
  /** Seconds slept, in order. */
  readonly slept: number[];
  readonly logs: string[];
  readonly rotated: JsonObject[];
  now: number;
}

export interface SceneOptions {
  readonly config?: JsonObject;
  readonly reply?: (request: OutgoingRequest, count: number) => Reply;
  readonly transport?: Transport;
}

/** A scope with a clock that sleeping moves, a transport that answers as told. */
export function scene({ config = {}, reply = () => ({ body: {} }), transport }: SceneOptions = {}): Scene {
  const owned = new Map<string, unknown>();
  const sent: OutgoingRequest[] = [];
  const slept: number[] = [];
  const logs: string[] = [];
  const rotated: JsonObject[] = [];
  const log: Log = (_level, message) => void logs.push(message);
  const made: Scene = { scope: undefined as unknown as Scope, sent, slept, logs, rotated, now: START };
  const scope: Scope = {
    config,
    services: {
      transport: transport ?? {
        send: (request) => {
          sent.push(request);
          const answer = reply(request, sent.length);
          return answer instanceof Error
            ? Promise.reject(answer)
            : Promise.resolve(incoming(request, answer));
        },
      },
      context: {
        clock: {
          now: () => made.now,
          sleep: (ms) => {
            slept.push(ms / 1000);
            made.now += ms;
            return Promise.resolve();
          },
        },
        log,
        signal: new AbortController().signal,
        rotate: (changed) => {
          rotated.push(changed);
          return Promise.resolve();
        },
      },
      random: () => 0.5,
    },
    build: <K extends Kind>(kind: K, node: Node): Kinds[K] => {
      const component = COMPONENTS.find((each) => each.kind === kind && each.type === node.type);
      if (component === undefined) throw new Error(`no ${kind} ${node.type}`);
      return component.build(node, scope) as Kinds[K];
    },
    template: templateCompiler({ now: () => made.now, random: () => 0.5 }),
    once: (key, make) => {
      if (!owned.has(key)) owned.set(key, make());
      return owned.get(key) as ReturnType<typeof make>;
    },
  };
  return Object.assign(made, { scope });
}

function incoming(request: OutgoingRequest, reply: Exclude<Reply, Error>): IncomingResponse {
  const { status = 200, headers = {}, body = "" } = reply;
  const bytes =
    body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return { status, headers, url: request.url, body: chunks(bytes) };
}

export async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(part);
}

export function call(more: Partial<RequestCall> = {}): RequestCall {
  return {
    slice: { partition: {}, cursor: {}, extra: {} },
    nextPageToken: null,
    additions: [],
    streamName: "things",
    ...more,
  };
}

export const signal = new AbortController().signal;

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

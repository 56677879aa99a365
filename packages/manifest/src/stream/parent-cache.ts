import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Node } from "../component.ts";
import { textOf } from "../http/text.ts";

/** Parents are asked for by every child: their answers are kept unless the manifest says not to. */
export function withParentCache(streams: readonly Node[]): readonly Node[] {
  const parents = new Set<string>();
  const prepared = streams.map((stream) => withCachedParents(stream, parents));
  return prepared.map((stream) => (parents.has(textOf(stream["name"])) ? cached(stream) : stream));
}

function withCachedParents(stream: Node, parents: Set<string>): Node {
  const retriever = stream["retriever"];
  if (!isObject(retriever)) return stream;
  const router = retriever["partition_router"];
  if (router === undefined || router === null) return stream;
  return { ...stream, retriever: { ...retriever, partition_router: routerOf(router, parents) } };
}

function routerOf(router: JsonValue, parents: Set<string>): JsonValue {
  if (Array.isArray(router)) return (router as readonly JsonValue[]).map((each) => routerOf(each, parents));
  if (!isObject(router)) return router;
  const changed: Record<string, JsonValue> = {};
  const configs = router["parent_stream_configs"];
  if (Array.isArray(configs)) {
    changed["parent_stream_configs"] = (configs as readonly JsonValue[]).map((config) => {
      if (!isObject(config) || !isObject(config["stream"])) return config;
      const stream = config["stream"] as unknown as Node;
      parents.add(textOf(stream["name"]));
      return { ...config, stream: cached(stream) as JsonValue };
    });
  }
  for (const field of ["partition_routers", "underlying_partition_router"]) {
    const inner = router[field];
    if (inner !== undefined) changed[field] = routerOf(inner, parents);
  }
  return { ...router, ...changed };
}

function cached(stream: Node): Node {
  const changed: Record<string, JsonValue> = {};
  for (const field of ["full_refresh_stream", "incremental_stream"]) {
    const inner = stream[field];
    if (isObject(inner)) changed[field] = cached(inner as unknown as Node) as JsonValue;
  }
  const retriever = stream["retriever"];
  if (isObject(retriever)) changed["retriever"] = withCache(retriever);
  return { ...stream, ...changed };
}

function withCache(retriever: JsonObject): JsonObject {
  const requester = retriever["requester"];
  if (!isObject(requester) || requester["use_cache"] === false) return retriever;
  return { ...retriever, requester: { ...requester, use_cache: true } };
}

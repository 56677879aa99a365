import { isObject, type JsonValue } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import { dpath } from "./dpath.ts";
import { copyOfObject } from "./members.ts";
import { pathParts } from "./path-templates.ts";

export type Expand = (record: JsonValue) => Iterable<JsonValue>;

/** What a RecordExpander's node does with each record; null where there is none. */
export function recordExpander(node: unknown, owner: Node, scope: Scope): Expand | null {
  if (!isObject(node)) return null;
  const parameters = isObject(node["$parameters"]) ? node["$parameters"] : (owner.$parameters ?? {});
  const within: Node = { type: "RecordExpander", $parameters: parameters };
  const parts = pathParts(node["expand_records_from_field"], within, scope);
  if (parts.length === 0) return (record) => [record];
  const path = dpath(parts);
  const keepsParent = node["remain_original_record"] === true;
  const emitsParent = node["on_no_records"] === "emit_parent";
  return function* (record) {
    if (!isObject(record)) return yield record;
    let isExpanded = false;
    for (const list of path.values(record)) {
      if (!Array.isArray(list)) continue;
      for (const item of list as readonly JsonValue[]) {
        isExpanded = true;
        // Each child may be changed by itself, so it has its own copy of the parent.
        const parent = keepsParent ? { original_record: copyOfObject(record) } : {};
        if (isObject(item)) yield { ...item, ...parent };
        else yield keepsParent ? { value: item, ...parent } : item;
      }
    }
    if (!isExpanded && emitsParent) yield record;
  };
}

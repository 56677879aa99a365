import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";

const PARAMETERS = "$parameters";

/** Nodes of one manifest: the largest real one has 0.2 million, a text made to expand any number. */
const MOST_NODES = 5_000_000;

/** The type of a component that names none, by the field it stands in. */
const TYPES = new Map<string, string>([
  ["CompositeErrorHandler.error_handlers", "DefaultErrorHandler"],
  ["CursorPagination.decoder", "JsonDecoder"],
  ["DatetimeBasedCursor.end_datetime", "MinMaxDatetime"],
  ["DatetimeBasedCursor.end_time_option", "RequestOption"],
  ["DatetimeBasedCursor.start_datetime", "MinMaxDatetime"],
  ["DatetimeBasedCursor.start_time_option", "RequestOption"],
  ["DeclarativeSource.check", "CheckStream"],
  ["DeclarativeSource.spec", "Spec"],
  ["DeclarativeSource.streams", "DeclarativeStream"],
  ["DeclarativeStream.retriever", "SimpleRetriever"],
  ["DeclarativeStream.schema_loader", "JsonFileSchemaLoader"],
  ["DynamicDeclarativeStream.stream_template", "DeclarativeStream"],
  ["HttpComponentsResolver.retriever", "SimpleRetriever"],
  ["HttpComponentsResolver.components_mapping", "ComponentMappingDefinition"],
  ["ConfigComponentsResolver.stream_config", "StreamConfig"],
  ["ConfigComponentsResolver.components_mapping", "ComponentMappingDefinition"],
  ["DefaultErrorHandler.response_filters", "HttpResponseFilter"],
  ["DefaultPaginator.decoder", "JsonDecoder"],
  ["DefaultPaginator.page_size_option", "RequestOption"],
  ["DpathExtractor.decoder", "JsonDecoder"],
  ["DpathExtractor.record_expander", "RecordExpander"],
  ["HttpRequester.error_handler", "DefaultErrorHandler"],
  ["ListPartitionRouter.request_option", "RequestOption"],
  ["ParentStreamConfig.request_option", "RequestOption"],
  ["ParentStreamConfig.stream", "DeclarativeStream"],
  ["RecordSelector.extractor", "DpathExtractor"],
  ["RecordSelector.record_filter", "RecordFilter"],
  ["SimpleRetriever.paginator", "NoPagination"],
  ["SimpleRetriever.record_selector", "RecordSelector"],
  ["SimpleRetriever.requester", "HttpRequester"],
  ["SubstreamPartitionRouter.parent_stream_configs", "ParentStreamConfig"],
  ["AddFields.fields", "AddedFieldDefinition"],
  ["CustomPartitionRouter.parent_stream_configs", "ParentStreamConfig"],
  ["DynamicSchemaLoader.retriever", "SimpleRetriever"],
  ["SchemaTypeIdentifier.types_map", "TypesMap"],
]);

/** The same for one that names a Python class. */
const CUSTOM_TYPES = new Map<string, string>([
  ["CompositeErrorHandler.backoff_strategies", "CustomBackoffStrategy"],
  ["DeclarativeStream.retriever", "CustomRetriever"],
  ["DeclarativeStream.transformations", "CustomTransformation"],
  ["DefaultErrorHandler.backoff_strategies", "CustomBackoffStrategy"],
  ["DefaultPaginator.pagination_strategy", "CustomPaginationStrategy"],
  ["HttpRequester.authenticator", "CustomAuthenticator"],
  ["HttpRequester.error_handler", "CustomErrorHandler"],
  ["RecordSelector.extractor", "CustomRecordExtractor"],
  ["SimpleRetriever.partition_router", "CustomPartitionRouter"],
]);

/** Puts types and parameters into every component of a tree. A new tree; the given one stays as it is. */
export function propagate(node: JsonObject, parentsWin = false): JsonObject {
  return new Propagation(parentsWin).component("", node, {});
}

class Propagation {
  readonly #parentsWin: boolean;
  #left = MOST_NODES;

  constructor(parentsWin: boolean) {
    this.#parentsWin = parentsWin;
  }

  component(place: string, node: JsonObject, inherited: JsonObject): JsonObject {
    this.#left -= 1;
    if (this.#left < 0) throw tooLarge();
    const { [PARAMETERS]: given, ...own } = node;
    const declared = isObject(given) ? given : {};
    const parameters = this.#parentsWin ? { ...declared, ...inherited } : { ...inherited, ...declared };
    const type = Object.hasOwn(own, "type") ? own["type"] : typeFor(place, own);
    if (isSchema(type)) return own;
    if (type === undefined) return this.#plain(place, own, parameters);
    const fields: Record<string, JsonValue> = Object.assign(Object.create(null), own, { type }) as Record<
      string,
      JsonValue
    >;
    for (const [name, value] of Object.entries(parameters))
      if (isFalsy(fields[name]) && value !== undefined) fields[name] = value;
    for (const [name, value] of Object.entries(fields)) {
      if (typeof value !== "object" || value === null) continue;
      // A parameter that fills this field is suspended in it: it would go round for ever.
      const { [name]: _, ...others } = parameters;
      const within = Object.hasOwn(parameters, name) ? others : parameters;
      fields[name] = this.#field(`${typeof type === "string" ? type : ""}.${name}`, value, within);
    }
    return Object.keys(parameters).length === 0 ? { ...fields } : { ...fields, [PARAMETERS]: parameters };
  }

  #field(place: string, value: JsonValue, parameters: JsonObject): JsonValue {
    if (!Array.isArray(value)) return isObject(value) ? this.component(place, value, parameters) : value;
    return (value as readonly JsonValue[]).map((item) =>
      isObject(item) ? this.component(place, item, parameters) : item,
    );
  }

  /** An object that is no component, though some of its members may be. */
  #plain(place: string, node: JsonObject, parameters: JsonObject): JsonObject {
    const members = Object.entries(node).map(([name, value]): [string, JsonValue | undefined] => [
      name,
      isObject(value) && !isFalsy(value["type"]) ? this.component(place, value, parameters) : value,
    ]);
    return Object.fromEntries(members);
  }
}

function typeFor(place: string, node: JsonObject): string | undefined {
  return (Object.hasOwn(node, "class_name") ? CUSTOM_TYPES : TYPES).get(place);
}

/** The schema of a record or of settings. */
function isSchema(type: JsonValue | undefined): boolean {
  if (type === "object") return true;
  return Array.isArray(type) && type.length === 2 && type[0] === "null" && type[1] === "object";
}

function isFalsy(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === "" || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

function tooLarge(): WeirError {
  return new WeirError({
    code: "manifest.too_large",
    message: `The manifest has more than ${MOST_NODES} parts once its references are resolved.`,
    next: "Take references that multiply out of it.",
    recovery: "ask",
    origin: "source",
  });
}

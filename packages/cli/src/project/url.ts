import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { Kind } from "./endpoint.ts";
import { propertiesOf } from "./settings.ts";
import { usageError } from "./usage.ts";

/** `postgres` of `postgres://…`; nothing for a plain name. One letter is a Windows drive. */
export function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
}

/** For each part of a URL the settings that may take it; the first that the connector has does. */
const SETTINGS_OF_PARTS = {
  host: ["host"],
  port: ["port"],
  username: ["username", "user"],
  password: ["password"],
  path: ["database", "path"],
} as const;

/**
 * The configuration a URL spells, by the names of the connector's settings. Parameters after `?` are settings by name,
 * dots leading into objects. References such as `${PASSWORD}` stay for later, so that their values need no escaping.
 */
export function configOfUrl(text: string, schema: JsonObject, kind: Kind): JsonObject {
  const url = URL.parse(text);
  if (url === null) {
    // The URL is not repeated: it may hold a password.
    throw usageError(
      `The URL of --${kind} cannot be read.`,
      `Write scheme://user:\${PASSWORD}@host:port/name, with special characters as %-escapes.`,
      "usage.url_invalid",
    );
  }
  const names = new Set(propertiesOf(schema).map(([name]) => name));
  const config: Record<string, JsonValue> = {};
  const put = (part: keyof typeof SETTINGS_OF_PARTS, value: string): void => {
    if (value === "") return;
    const name = SETTINGS_OF_PARTS[part].find((each) => names.has(each));
    if (name === undefined) {
      throw usageError(
        `The ${kind} has no setting for the ${part} of a URL.`,
        `Give its settings with --${kind}-config key=value.`,
        "usage.url_invalid",
      );
    }
    config[name] = value;
  };
  const host = decode(url.hostname);
  const path = decode(url.pathname);
  if (names.has("host")) {
    put("host", host.replace(/^\[|\]$/g, ""));
    put("port", url.port);
    put("path", path.replace(/^\//, ""));
  } else {
    put("port", url.port);
    put("path", host + path);
  }
  put("username", decode(url.username));
  put("password", decode(url.password));
  return [...url.searchParams].reduce<JsonObject>(
    (all, [key, value]) => withParameter(all, settingPath(key, schema), value),
    config,
  );
}

/**
 * The setting a parameter means. `sslmode` finds `ssl_mode`, and where that holds several settings, its `mode`; dots
 * lead into objects.
 */
function settingPath(key: string, schema: JsonObject): readonly string[] {
  const [first = "", ...rest] = key.split(".");
  const found = propertiesOf(schema).find(([name]) => fold(name) === fold(first));
  if (found === undefined) return [first, ...rest];
  const [name, property] = found;
  const modes = rest.length === 0 && propertiesOf(property).some(([inner]) => inner === "mode");
  return [name, ...(modes ? ["mode"] : rest)];
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

function withParameter(
  config: JsonObject,
  [step = "", ...rest]: readonly string[],
  value: string,
): JsonObject {
  if (rest.length === 0) return { ...config, [step]: value };
  const before = config[step];
  return { ...config, [step]: withParameter(isObject(before) ? before : {}, rest, value) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

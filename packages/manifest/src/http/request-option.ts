import { Type } from "@weir/kit";
import { type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import type { Scope } from "../component.ts";
import type { Credentials } from "../components/authenticator/contract.ts";
import type { Template, Variables } from "../expressions/index.ts";
import { textOf } from "./text.ts";

export const requestOption = (description: string) =>
  Type.Unknown({
    description: `${description} Where it goes: inject_into (header, request_parameter, body_data, body_json) and field_name, or field_path in a JSON body.`,
  });

export type Injection = (value: JsonValue) => Credentials;

/** What a RequestOption does with a value. */
export function injectionOf(option: JsonObject, scope: Scope, variables: Variables): Injection {
  const { inject_into: place, field_name: name, field_path: path } = option;
  const templates = (Array.isArray(path) ? (path as readonly JsonValue[]) : [name ?? ""]).map((part) =>
    scope.template(textOf(part)),
  );
  const isNested = Array.isArray(path);
  if ((name === undefined) === (path === undefined) || (isNested && place !== "body_json")) throw misplaced();
  return (value) => {
    const keys = templates.map((template: Template) => textOf(template.evaluate(variables)));
    const key = keys[0] ?? "";
    switch (place) {
      case "header":
        return { headers: { [key]: textOf(value) } };
      case "request_parameter":
        return { params: { [key]: textOf(value) } };
      case "body_data":
        return { bodyData: { [key]: textOf(value) } };
      case "body_json":
        return {
          bodyJson: keys.reduceRight<JsonValue>((inner, part) => ({ [part]: inner }), value) as JsonObject,
        };
      default:
        throw misplaced();
    }
  };
}

function misplaced(): WeirError {
  return new WeirError({
    code: "manifest.request_option",
    message: "A request option needs inject_into with field_name, or body_json with field_path.",
    next: "Correct the option in the manifest.",
    recovery: "stop",
    origin: "source",
  });
}

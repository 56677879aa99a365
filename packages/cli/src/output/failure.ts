import type { PlacedFailure } from "../project/place.ts";
import type { Secrets } from "./secrets.ts";
import type { Style } from "./style.ts";

/** A failure for people: what is wrong and what to do, technical text only when asked for. */
export function failureLines(
  failure: PlacedFailure,
  style: Style,
  options: { readonly verbose?: boolean } = {},
): readonly string[] {
  const stream = failure.stream === undefined ? "" : `stream ${failure.stream}: `;
  return [
    `${style("red", "error:")} ${stream}${failure.message}`,
    ...(failure.place === undefined ? [] : [`  ${style("cyan", "where:")} ${failure.place}`]),
    `  ${style("cyan", "next:")} ${failure.next}`,
    ...(options.verbose ? [style("dim", `  code: ${failure.code}`)] : []),
    ...(options.verbose && failure.detail !== undefined ? [style("dim", `  detail: ${failure.detail}`)] : []),
  ];
}

/** The failure without the secrets that a driver may have echoed into it. */
export function maskFailure(failure: PlacedFailure, secrets: Secrets): PlacedFailure {
  const { detail } = failure;
  return {
    ...failure,
    message: secrets.maskForeign(failure.message),
    next: secrets.maskForeign(failure.next),
    ...(detail === undefined ? {} : { detail: secrets.maskForeign(detail) }),
  };
}

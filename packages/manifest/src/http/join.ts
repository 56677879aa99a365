/** An address and a path given in it as Python's urljoin joins them; a base without a closing slash gets one. */
export function joinUrl(base: string, given: string): string {
  if (given === "") return base;
  const from = parts(base.endsWith("/") ? base : `${base}/`);
  const to = parts(clean(given));
  if (to.scheme !== "" && to.scheme !== from.scheme) return given;
  const scheme = from.scheme === "" ? "" : `${from.scheme}:`;
  if (to.authority !== null) return `${scheme}//${to.authority}${to.path}${to.rest}`;
  const authority = from.authority === null ? "" : `//${from.authority}`;
  if (to.path === "")
    return `${scheme}${authority}${from.path}${to.rest.startsWith("?") ? to.rest : from.search + to.rest}`;
  const path = resolve(from.path, to.path);
  return `${scheme}${authority}${path.startsWith("/") ? "" : "/"}${path}${to.rest}`;
}

interface Parts {
  readonly scheme: string;
  readonly authority: string | null;
  readonly path: string;
  readonly search: string;
  /** Query and fragment. */
  readonly rest: string;
}

function parts(url: string): Parts {
  const match = /^(?:([a-zA-Z][a-zA-Z\d+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(url);
  const [, scheme = "", authority, path = "", search = "", fragment = ""] = match ?? [];
  return {
    scheme: scheme.toLowerCase(),
    authority: authority ?? null,
    path,
    search,
    rest: search + fragment,
  };
}

function clean(url: string): string {
  return url.replace(/^[\0- ]+/, "").replace(/[\t\r\n]/g, "");
}

function resolve(base: string, path: string): string {
  const before = base.split("/").slice(0, -1);
  const joined = [...before, ...path.split("/")];
  const segments = path.startsWith("/")
    ? path.split("/")
    : joined.filter((segment, at) => at === 0 || at === joined.length - 1 || segment !== "");
  const out: string[] = [];
  for (const segment of segments) {
    if (segment === "..") out.pop();
    else if (segment !== ".") out.push(segment);
  }
  const last = segments.at(-1);
  if (last === "." || last === "..") out.push("");
  return out.join("/") || "/";
}

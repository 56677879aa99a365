/**
 * Hosts that may be sent credentials: those that the connector's owner lists, each with its subdomains, and those that
 * the manifest's own addresses lead to. Any other host comes from a response.
 */
export class HostPolicy {
  readonly #listed: readonly string[];
  readonly #own = new Set<string>();

  constructor(listed: readonly string[] = []) {
    this.#listed = listed.map((host) => host.toLowerCase());
  }

  /** A host that an address of the manifest led to. */
  own(url: string): void {
    const host = hostOf(url);
    if (host !== null) this.#own.add(host);
  }

  isKnown(url: string): boolean {
    const host = hostOf(url);
    if (host === null) return false;
    const name = host.replace(/:\d+$/, "");
    return (
      this.#own.has(host) || this.#listed.some((listed) => name === listed || name.endsWith(`.${listed}`))
    );
  }
}

/** Host and port, in lower case; null for what is no address of the web. */
function hostOf(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed === null || !/^https?:$/.test(parsed.protocol) ? null : parsed.host;
}

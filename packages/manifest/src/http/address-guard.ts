import { type LookupAddress, lookup, type LookupOptions } from "node:dns";
import { BlockList, isIP } from "node:net";
import { WeirError } from "@weir/protocol";

/** Addresses that are no part of the public internet, or lead into what is not. */
const NOT_PUBLIC = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["::", 127],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 32],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const;

const refusedRanges = new BlockList();
for (const [network, prefix] of NOT_PUBLIC) refusedRanges.addSubnet(network, prefix, familyOf(network));

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

/** Decides where requests may connect: public addresses, and those in the ranges allowed. */
export class AddressGuard {
  readonly #allowed = new BlockList();

  /** `ranges`: addresses, or networks as `10.0.0.0/8`. Fails with `http.range` for what is neither. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [network = "", prefix, ...rest] = range.split("/");
      const most = isIP(network) === 6 ? 128 : 32;
      const bits = prefix === undefined ? most : Number(prefix);
      const isRange =
        isIP(network) !== 0 && Number.isInteger(bits) && bits >= 0 && bits <= most && prefix !== "";
      if (!isRange || rest.length > 0) throw notRange(range);
      this.#allowed.addSubnet(network, bits, familyOf(network));
    }
  }

  allows(address: string): boolean {
    const family = familyOf(address);
    return !refusedRanges.check(address, family) || this.#allowed.check(address, family);
  }

  /** Fails with `http.refused_address` where a host is itself an address that is not allowed. */
  checkHost(host: string): void {
    const address = host.replace(/^\[|\]$/g, "");
    if (isIP(address) !== 0 && !this.allows(address)) throw refused(host);
  }

  /**
   * For a socket's `lookup`: what a name resolves to, without addresses that are not allowed. The socket connects to no
   * other, so a name that resolves differently a moment later gains nothing.
   */
  readonly lookup = (host: string, options: LookupOptions, done: LookupDone): void => {
    lookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, []);
      const allowed = addresses.filter(({ address }) => this.allows(address));
      const [first] = allowed;
      if (first === undefined) return done(refused(host), []);
      if (options.all === true) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };
}

type LookupDone = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

function refused(host: string): WeirError {
  return new WeirError({
    code: "http.refused_address",
    message: `${host} is not on the public internet; a manifest may not reach it.`,
    next: "Give the source an address on the public internet: manifests reach no private network.",
    recovery: "ask",
    origin: "source",
  });
}

function notRange(range: string): WeirError {
  return new WeirError({
    code: "http.range",
    message: `"${range.slice(0, 100)}" is neither an address nor a range of addresses.`,
    next: "Write ranges as 10.0.0.0/8 or fd00::/8.",
    recovery: "ask",
    origin: "config",
  });
}

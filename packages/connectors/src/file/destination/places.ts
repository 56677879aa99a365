import { join, resolve } from "node:path";
import { encodeName } from "./names.ts";

/** Where things lie. What is hidden lies in `.weir`, apart for each connection. */
export interface Places {
  /** The destination's folder. */
  readonly root: string;
  /** This connection's hidden folder, relative to the root. */
  readonly hidden: string;
  /** Numbered manifests. */
  readonly manifests: string;
  /** Files of open transactions. */
  readonly open: string;
  /** Who owns which table, over all connections. */
  readonly claims: string;
}

export function placesOf(folder: string, connection: string): Places {
  const root = resolve(folder);
  const hidden = join(".weir", `connection-${encodeName(connection)}`);
  return {
    root,
    hidden,
    manifests: join(root, hidden, "manifests"),
    open: join(root, hidden, "open"),
    claims: join(root, ".weir", "tables"),
  };
}

/** Relative to the root, as manifests have it. */
export function stagedFolder({ hidden }: Places, staged: string): string {
  return join(hidden, "staged", staged);
}

export function replacedFolder({ hidden }: Places, operation: string): string {
  return join(hidden, "replaced", operation);
}

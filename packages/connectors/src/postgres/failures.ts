import { WeirError, type Failure, type FailureOrigin, type Recovery } from "@weir/protocol";

/** What a failure's texts may name. Never the password. */
export interface FailureScene {
  readonly origin: FailureOrigin & ("source" | "destination");
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly username?: string | undefined;
  /** Stream key. */
  readonly stream?: string | undefined;
}

interface Rule {
  /** Part of the code after `<origin>.`. */
  readonly what: string;
  readonly recovery: Recovery;
  readonly message: (scene: FailureScene, error: DriverError) => string;
  readonly next: string;
}

/** What `pg` throws, as far as it is used: server errors carry a five-character SQLSTATE, sockets a system code. */
interface DriverError {
  readonly code: string;
  readonly message: string;
}

/** Any error of the driver, the server or the socket as a WeirError. A WeirError, and an abort's reason, pass through. */
export function postgresError(error: unknown, scene: FailureScene): Error {
  if (error instanceof WeirError) return error;
  if (error instanceof Error && error.name === "AbortError") return error;
  return new WeirError(failureFor(error, scene), { cause: error });
}

function failureFor(error: unknown, scene: FailureScene): Failure {
  const driver = driverError(error);
  const rule = ruleOf(driver, scene);
  return {
    code: `${scene.origin}.${rule.what}`,
    message: rule.message(scene, driver),
    next: rule.next,
    recovery: rule.recovery,
    origin: scene.origin,
    ...(scene.stream === undefined ? {} : { stream: scene.stream }),
    detail: driver.code === "" ? driver.message : `${driver.code}: ${driver.message}`,
  };
}

/** SQLSTATE of a server error, or the system's code of a socket error; `""` when there is none. */
export function sqlState(error: unknown): string {
  return driverError(error instanceof WeirError && error.cause !== undefined ? error.cause : error).code;
}

function driverError(error: unknown): DriverError {
  // Node tries several addresses of a host and throws one AggregateError without a message of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return driverError(error.errors[0]);
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  const code = (error as { readonly code?: unknown }).code;
  return { code: typeof code === "string" ? code : "", message: error.message };
}

function ruleOf(error: DriverError, { origin }: FailureScene): Rule {
  // A source asks only for what was there when the attempt began.
  if (error.code === "42P01" && origin === "source") return SCHEMA_CHANGED;
  const exact = RULES[error.code];
  if (exact !== undefined) return exact;
  const byText = TEXTS.find(([pattern]) => pattern.test(error.message));
  if (byText !== undefined) return byText[1];
  // The first two characters of a SQLSTATE are its class.
  return (
    (/^[0-9A-Z]{5}$/.test(error.code) ? CLASSES[error.code.slice(0, 2)] : undefined) ??
    tlsRule(error) ??
    UNEXPECTED
  );
}

const server = ({ host, port }: FailureScene): string =>
  host === undefined ? "the PostgreSQL server" : `the PostgreSQL server at ${host}:${port ?? 5432}`;
const user = ({ username }: FailureScene): string =>
  username === undefined ? "the user" : `user ${username}`;
const said = (error: DriverError): string => error.message.split("\n")[0] ?? "";

const UNREACHABLE: Rule = {
  what: "unreachable",
  recovery: "retry",
  message: (scene, error) => `Cannot reach ${server(scene)}: ${reasonOf(error)}.`,
  next: "Check host and port, that the server runs, and that no firewall stands between.",
};

function reasonOf(error: DriverError): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "nothing listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host name is unknown";
    case "ENOENT":
      return "there is no such socket";
    default:
      return /timeout/i.test(error.message) || error.code === "ETIMEDOUT" ? "no answer in time" : said(error);
  }
}

const LOST: Rule = {
  what: "connection_lost",
  recovery: "retry",
  message: (scene) => `The connection to ${server(scene)} was lost.`,
  next: "Nothing, if the server comes back: the sync goes on from its last checkpoint. Else look at the server's log.",
};

const STARTING: Rule = {
  what: "server_unavailable",
  recovery: "retry",
  message: (scene, error) => `${capital(server(scene))} does not accept connections now: ${said(error)}.`,
  next: "Wait until the server has started; the sync tries again by itself.",
};

const CREDENTIALS: Rule = {
  what: "credentials_refused",
  recovery: "ask",
  message: (scene, error) => `${capital(server(scene))} refused ${user(scene)}: ${said(error)}.`,
  next: "Check username and password; if they are right, the server's pg_hba.conf must allow this user from this host.",
};

const PERMISSION: Rule = {
  what: "permission_denied",
  recovery: "ask",
  message: (scene, error) => `${capital(user(scene))} may not do this: ${said(error)}.`,
  next: "Grant the missing permission (USAGE on the schema; SELECT to read; CREATE, INSERT and ownership to write).",
};

const TLS: Rule = {
  what: "tls_refused",
  recovery: "ask",
  message: (scene, error) => `No trusted TLS connection to ${server(scene)}: ${said(error)}.`,
  next: "Give the authority's certificate in ssl_mode.ca_certificate, use the host name the certificate names, or choose another ssl_mode.",
};

const SCHEMA_CHANGED: Rule = {
  what: "schema_changed",
  recovery: "retry",
  message: (_scene, error) => `The table is no longer what it was when the sync began: ${said(error)}.`,
  next: "Nothing: the next attempt discovers the columns again. If it repeats, refresh the connection's catalog.",
};

const DATA: Rule = {
  what: "data_refused",
  recovery: "skip",
  message: (_scene, error) => `PostgreSQL refused a value: ${said(error)}.`,
  next: "Nothing: the rows go by the checked route, and what does not fit is set aside and counted.",
};

const CONFLICT: Rule = {
  what: "conflict",
  recovery: "retry",
  message: (_scene, error) => `Another transaction was in the way: ${said(error)}.`,
  next: "Nothing: the sync tries again by itself.",
};

const BUSY: Rule = {
  what: "server_busy",
  recovery: "retry",
  message: (scene, error) => `${capital(server(scene))} has no room now: ${said(error)}.`,
  next: "Lower `parallel`, or raise max_connections or the memory of the server.",
};

const DISK_FULL: Rule = {
  what: "disk_full",
  recovery: "ask",
  message: (scene, error) => `The disk of ${server(scene)} is full: ${said(error)}.`,
  next: "Free space on the server's disk, then run the sync again; it goes on from its last checkpoint.",
};

const UNEXPECTED: Rule = {
  what: "query_failed",
  recovery: "stop",
  message: (_scene, error) => `PostgreSQL refused a command: ${said(error)}.`,
  next: "Run again with --verbose and report the log if it repeats.",
};

const RULES: Readonly<Record<string, Rule>> = {
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ENOENT: UNREACHABLE,
  EACCES: UNREACHABLE,
  ECONNRESET: LOST,
  EPIPE: LOST,
  ERR_STREAM_DESTROYED: LOST,
  ERR_STREAM_WRITE_AFTER_END: LOST,
  "57P01": LOST,
  "57P02": LOST,
  "57P03": STARTING,
  "57P05": LOST,
  "57014": {
    what: "canceled",
    recovery: "retry",
    message: (_scene, error) => `The server stopped a command: ${said(error)}.`,
    next: "Nothing, if somebody canceled it; else raise the server's timeouts for this user.",
  },
  "3D000": {
    what: "database_missing",
    recovery: "ask",
    message: (scene) => `There is no database ${scene.database ?? ""} on ${server(scene)}.`,
    next: "Correct `database`, or create it.",
  },
  "42501": PERMISSION,
  "42P01": {
    what: "table_missing",
    recovery: "ask",
    message: (_scene, error) => `A table or view is missing: ${said(error)}.`,
    next: "Run discover again and take the stream out of the connection, or bring the table back.",
  },
  "3F000": {
    what: "schema_missing",
    recovery: "ask",
    message: (_scene, error) => `A schema is missing: ${said(error)}.`,
    next: "Correct the schema's name, or create it.",
  },
  "42703": SCHEMA_CHANGED,
  "42704": SCHEMA_CHANGED,
  "42804": DATA,
  "42846": DATA,
  "53100": DISK_FULL,
  "53300": BUSY,
  "53400": BUSY,
  "25006": {
    what: "read_only",
    recovery: "ask",
    message: (scene) => `${capital(server(scene))} is read-only (a standby?).`,
    next: "Connect to the primary server.",
  },
  "55000": {
    what: "not_ready",
    recovery: "ask",
    message: (_scene, error) => `The object cannot be used now: ${said(error)}.`,
    next: "If it is a materialized view, REFRESH it; if it is a sequence or index, look at the server's log.",
  },
  "55P03": CONFLICT,
  P0001: DATA,
};

/** By class of SQLSTATE, where no code is listed. */
const CLASSES: Readonly<Record<string, Rule>> = {
  "08": LOST,
  "22": DATA,
  "23": {
    what: "constraint_refused",
    recovery: "skip",
    message: (_scene, error) => `A constraint of the table refused a row: ${said(error)}.`,
    next: "Nothing: the rows go one by one, and what the table refuses is set aside and counted.",
  },
  "28": CREDENTIALS,
  "40": CONFLICT,
  "53": BUSY,
  // Program limits: a row or value too large for the server (a field of 1 GB, an index entry of 2,700 bytes).
  "54": { ...DATA, what: "too_large" },
  "57": LOST,
  "58": {
    what: "server_damaged",
    recovery: "ask",
    message: (scene, error) => `${capital(server(scene))} could not use its disk: ${said(error)}.`,
    next: "Look at the server's log and its disk before running the sync again.",
  },
  XX: {
    what: "server_damaged",
    recovery: "ask",
    message: (scene, error) => `${capital(server(scene))} reports an internal error: ${said(error)}.`,
    next: "Look at the server's log; a damaged table or index may have to be repaired.",
  },
};

/** Errors of the driver itself and of TLS, which carry no SQLSTATE. */
const TEXTS: readonly (readonly [RegExp, Rule])[] = [
  [/timeout expired|connect ETIMEDOUT/, UNREACHABLE],
  [
    /does not support SSL|SSL negotiation/,
    {
      ...TLS,
      what: "tls_unavailable",
      next: "Turn TLS on at the server, or choose ssl_mode disable or prefer.",
    },
  ],
  [/Connection terminated|Client was closed|not queryable|has encountered a connection error/, LOST],
  [/SASL|SCRAM|password must be/, CREDENTIALS],
  [/No space left on device/, DISK_FULL],
];

function tlsRule(error: DriverError): Rule | undefined {
  return /CERT|SELF_SIGNED|UNABLE_TO|SSL|TLS|EPROTO/.test(error.code) ? TLS : undefined;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

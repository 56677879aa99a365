/** What a process needs to run at all, to find its user's files and certificates, and to reach the network. */
const NEEDED = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "TMPDIR",
  "LANG",
  "LANGUAGE",
  "TZ",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
]);

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of an executable: what a process needs and what is named, not the rest, which may be secret. */
export function environmentFor(names: readonly string[], env: Environment): Environment {
  const given = Object.entries(env).filter(
    ([name, value]) =>
      value !== undefined &&
      (NEEDED.has(name.toUpperCase()) || name.startsWith("LC_") || names.includes(name)),
  );
  return Object.fromEntries(given);
}

export interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, Entry>>;
}

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "x64"];

/**
 * npm leaves a platform's package out of the lockfile when the registry at hand does not carry it, and
 * `npm ci` then refuses the lockfile everywhere. Its version is exact in its parent and its platform is in
 * its name, so the entry can be written without the registry. It has no integrity hash.
 */
export function missingEntries({ packages }: Lockfile): Record<string, object> {
  const found: Record<string, object> = {};
  for (const [parent, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      if (packages[path] || packages[`${parent}/${path}`]) continue;
      if (!/^\d/.test(version))
        throw new Error(`${parent} wants ${name} ${version}, which is not one version`);
      const { os, cpu, libc } = platform(name);
      const dev = entry.dev ? { dev: true } : {};
      found[path] = { version, cpu, ...dev, ...(libc ? { libc } : {}), optional: true, os };
    }
  }
  return found;
}

function platform(name: string): { os: string[]; cpu: string[]; libc?: string[] } {
  const words = name.split(/[^a-z0-9]+/);
  const os = systems.find((each) => words.includes(each));
  const cpu = processors.find((each) => words.includes(each));
  if (!os || !cpu) throw new Error(`the platform of ${name} is not in its name`);
  if (/musl/.test(name)) return { os: [os], cpu: [cpu], libc: ["musl"] };
  return /-gnu/.test(name) ? { os: [os], cpu: [cpu], libc: ["glibc"] } : { os: [os], cpu: [cpu] };
}

/** Addresses tie the lockfile to one registry. */
export function addresses({ packages }: Lockfile): string[] {
  return Object.entries(packages).flatMap(([path, { resolved, link }]) => (resolved && !link ? [path] : []));
}

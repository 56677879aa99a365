/**
 * Headers as templates see them: a name is found however it is cased. Own properties only, so a lookup by
 * Object.hasOwn and a list of keys both work.
 */
export function foldedHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const find = (name: string | symbol): string | symbol => {
    if (typeof name === "symbol" || Object.hasOwn(headers, name)) return name;
    const lower = name.toLowerCase();
    return Object.hasOwn(headers, lower) ? lower : name;
  };
  return new Proxy(
    { ...headers },
    {
      get: (target, name) => Reflect.get(target, find(name)) as unknown,
      has: (target, name) => Reflect.has(target, find(name)),
      getOwnPropertyDescriptor: (target, name) => Reflect.getOwnPropertyDescriptor(target, find(name)),
    },
  );
}

import type { Template } from "./contract.ts";
import { COLLECTION_FILTERS, selecting } from "./filters/collections.ts";
import { NUMBER_FILTERS } from "./filters/numbers.ts";
import { TEXT_FILTERS } from "./filters/text.ts";
import type { Applied, Library } from "./library.ts";
import { macros, type MacroServices } from "./macros.ts";
import { DEFAULT_LIMITS, type Limits } from "./meter.ts";
import { CompiledTemplate } from "./template.ts";
import { testTable } from "./tests.ts";
import { itemsOf } from "./values/members.ts";
import { Undefined } from "./values/types.ts";

interface CompilerOptions extends MacroServices {
  readonly limits?: Partial<Limits> | undefined;
}

/** Templates stay compiled; a source has few texts, and one that makes them up starts anew. */
const CACHE_SIZE = 20_000;

/**
 * Compiles templates for one source, each text once. Fails with a PythonError, `TemplateSyntaxError` or
 * `TemplateAssertionError`, whose code is `manifest.template`.
 */
export function templateCompiler(options: CompilerOptions): (text: string) => Template {
  const library = makeLibrary(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const known = new Map<string, CompiledTemplate>();
  const compile = (text: string): CompiledTemplate => {
    const cached = known.get(text);
    if (cached !== undefined) return cached;
    const made = new CompiledTemplate(text, library, limits, compile);
    if (known.size >= CACHE_SIZE) known.clear();
    known.set(text, made);
    return made;
  };
  return compile;
}

function makeLibrary(services: MacroServices): Library {
  const filters = new Map<string, Applied>([...TEXT_FILTERS, ...NUMBER_FILTERS, ...COLLECTION_FILTERS]);
  const tests = testTable(() => filters);
  for (const [name, filter] of selecting(() => filters, tests)) filters.set(name, filter);
  filters.set("random", (value) => {
    const items = itemsOf(value);
    if (items.length === 0) return new Undefined("No random item, sequence was empty.");
    return items[Math.floor(services.random() * items.length)];
  });
  return { globals: macros(services), filters, tests };
}

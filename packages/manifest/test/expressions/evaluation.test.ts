import { ExactNumber } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { PythonError, recordValue, sliceValue, templateCompiler } from "../../src/expressions/index.ts";
import { compile, DATA, NOW } from "./compiler.ts";

function value(template: string, variables: Readonly<Record<string, unknown>> = DATA): unknown {
  return compile(template).evaluate(variables);
}

function kindOf(run: () => unknown): string {
  try {
    run();
    return "nothing";
  } catch (error) {
    return error instanceof PythonError ? error.kind : String(error);
  }
}

describe("a rendered text is read as a Python literal", () => {
  test.each([
    ["123", 123],
    ["+15551234", 15_551_234],
    ["-5", -5],
    ["1_000", 1000],
    ["0x10", 16],
    [" 5", 5],
    ["5 ", 5],
    ["\n5 # five\n", 5],
    ["True", true],
    ["None", null],
    ["'q'", "q"],
    ['"""a\nb"""', "a\nb"],
    ["'a' 'b'", "ab"],
    [String.raw`'\x41\n'`, "A\n"],
    [String.raw`r'\x41'`, String.raw`\x41`],
    ["(1)", 1],
    ["[1, 'a', None]", [1, "a", null]],
    ["{'a': {'b': [1,],},}", { a: { b: [1] } }],
    ["{1: 'a', True: 'b'}", { "1": "b" }],
    ["[]", []],
    ["12345678901234567890", 12_345_678_901_234_567_890n],
    ["1.10", 1.1],
    ["1e3", new ExactNumber("1000.0")],
    ["1.0", new ExactNumber("1.0")],
    ["-1.0", new ExactNumber("-1.0")],
  ])("%s is %s", (text, expected) => {
    expect(value(text)).toEqual(expected);
    expect(value("{{ x }}", { x: text })).toEqual(expected);
  });

  test.each([
    "007",
    "2024-10-10",
    "2024-01-15T10:20:30Z",
    '{"a": null}',
    "true",
    "1+2j",
    "1,2]",
    "[1 2]",
    "--5",
    "'a",
    "'a\nb'",
    "{[]: 1}",
    "\n  5",
    "f'x'",
    "{1, 2}",
    "b'x'",
    "[...]",
    `${"[".repeat(300)}${"]".repeat(300)}`,
  ])("%j stays a text", (text) => {
    expect(value("{{ x }}", { x: text })).toBe(text);
  });

  test("a tuple leaves as an array that prints in parentheses", () => {
    expect(value("1,2")).toHaveLength(2);
    expect(compile("{{ (1, 'a') }}").render(DATA)).toBe("(1, 'a')");
  });
});

describe("values that need no text", () => {
  test("data come out equal, and as copies", () => {
    const made = value("{{ dict }}");
    expect(made).toEqual(DATA["dict"]);
    expect(made).not.toBe(DATA["dict"]);
  });

  test("what JSON cannot hold comes out as its text", () => {
    expect(value("{{ now_utc() }}")).toBe("2025-03-04 05:06:07.123456+00:00");
    expect(value("{{ [now_utc().date()] }}")).toBe("[datetime.date(2025, 3, 4)]");
    expect(value("{{ [1, zz] if false else [none, 2.0] }}", { ...DATA, zz: 1 })).toEqual([
      null,
      new ExactNumber("2.0"),
    ]);
  });
});

describe("options", () => {
  test("types that are not wanted stay texts", () => {
    const types = { validTypes: ["str", "list"] } as const;
    expect(compile("{{ 5 }}").evaluate(DATA, types)).toBe("5");
    expect(compile("['a','b']").evaluate(DATA, types)).toEqual(["a", "b"]);
    expect(compile("{{ true }}").evaluate(DATA, { validTypes: ["int"] })).toBe(true);
  });

  test("a fallback stands for nothing and for undefined values", () => {
    expect(compile("{{ dict.zz }}").evaluate(DATA)).toBe("");
    expect(compile("{{ dict.zz }}").evaluate(DATA, { fallback: null })).toBeNull();
    expect(compile("{{ dict.zz.y }}").evaluate(DATA, { fallback: "{{ i }}" })).toBe(7);
    expect(kindOf(() => compile("{{ dict.zz.y }}").evaluate(DATA))).toBe("UndefinedError");
    expect(compile("{{ \"''\" }}").evaluate(DATA, { fallback: null })).toBe("");
  });

  test("a TypeError gives the template's own text", () => {
    expect(value("{{ none > 3 }}")).toBe("{{ none > 3 }}");
    expect(compile("{{ dict.none > 3 }}").evaluate({ dict: { none: null } })).toBe("{{ dict.none > 3 }}");
  });
});

describe("names", () => {
  test.each([
    "{{ unknown }}",
    "{{ 1 if true else unknown }}",
    "{% if i %}{% set x = 1 %}{% endif %}{{ x }}",
    "{% for q in list %}{% endfor %}{{ q }}",
  ])("%s names what is not there", (template) => {
    expect(kindOf(() => value(template))).toBe("ValueError");
  });

  test("set names, loops and functions are there", () => {
    expect(
      value(
        "{% set x = 1 %}{% if i %}{% set x = 2 %}{% endif %}{{ x }}{% for q in list %}{{ loop.index + q }}{% endfor %}",
      ),
    ).toBe(2435);
    expect(value("{{ max(1, 2) is defined }}")).toBe(true);
  });

  test("stream_interval and stream_partition stand for stream_slice; stream_state is refused", () => {
    const variables = { stream_slice: sliceValue({ id: 1 }, { start: "a" }, { name: "n" }) };
    expect(value("{{ stream_interval.start }}{{ stream_partition['id'] }}", variables)).toBe("a1");
    expect(
      value(
        "{{ stream_slice.partition.id }}{{ stream_slice.extra_fields.name }}{{ stream_slice.cursor_slice }}",
        variables,
      ),
    ).toBe("1n{'start': 'a'}");
    expect(kindOf(() => value("{{ stream_state }}", { stream_state: 1 }))).toBe("AirbyteTracedException");
  });

  test("a record is a mapping", () => {
    const variables = { last_record: recordValue({ id: 5, data: 1 }, null) };
    expect(value("{{ last_record.id + last_record['id'] + last_record.get('zz', 1) }}", variables)).toBe(11);
  });

  test("JavaScript's members are not there", () => {
    const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "length", "map", "prototype"];
    for (const name of names) {
      expect(
        compile(
          `{{ dict.${name} }}{{ list.${name} }}{{ s.${name} }}{{ dict['${name}'] }}{{ i.${name} }}`,
        ).render(DATA),
      ).toBe("");
      expect(kindOf(() => value(`{{ ${name} }}`))).toBe("ValueError");
    }
  });

  test("data never reach a prototype", () => {
    expect(
      value("{% set d = {} %}{% set _ = d.update({'__proto__': {'polluted': 1}}) %}{{ d }}"),
    ).toBeDefined();
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("conditions", () => {
  test.each([
    "False",
    "false",
    "{}",
    "[]",
    "()",
    "",
    "0",
    "0.0",
    "{{ i == 8 }}",
    "{{ [] }}",
    "{{ 0.0 }}",
    "{{ dict.zz }}",
    "{{ dict.zz.y }}",
  ])("%j is false", (template) => {
    expect(compile(template).test(DATA)).toBe(false);
  });

  test.each(["None", "no", "{{ none }}", "{{ 1 }}", "{{ none > 1 }}", "{{ 'a' }}", "{{ dict }}"])(
    "%j is true",
    (template) => {
      expect(compile(template).test(DATA)).toBe(true);
    },
  );
});

describe("limits", () => {
  const nested =
    "{% set ns = namespace(l=[1]) %}{% for _ in s * 9 %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}";
  test.each([
    "{{ 'x' * 10**9 }}",
    "{{ [1] * 10**9 }}",
    "{{ 10 ** 1000 ** 1000 }}",
    "{{ 'x'.center(10**9) }}",
    "{{ [1]|batch(10**9, 0)|list }}",
    "{{ s | replace('o', 'o' * 10**7) }}",
    `${nested}{{ ns.l }}`,
    "{% set ns = namespace(s='xx') %}{% for _ in 'x' * 100 %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set t = 'x' * 1000 %}{% for a in t %}{% for b in t %}{% for c in t %}{% endfor %}{% endfor %}{% endfor %}",
  ])("%s ends", (template) => {
    expect(kindOf(() => value(template))).toBe("LimitError");
  });

  test.each([
    `{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`,
    `{{ ${"not ".repeat(5000)}1 }}`,
    `{{ s${".b".repeat(5000)} }}`,
    "{{ s",
    "{{ s }",
    "{% if s %}",
    "{{ s) }}",
    "{% macro m() %}{% endmacro %}",
  ])("%.20s is no template", (template) => {
    expect(kindOf(() => compile(template))).toBe("TemplateSyntaxError");
  });

  test("a list within itself has no text", () => {
    expect(kindOf(() => value("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}"))).toBe("RecursionError");
  });

  test("they can be set", () => {
    const strict = templateCompiler({ now: () => NOW, random: () => 0, limits: { steps: 100 } });
    expect(kindOf(() => strict("{% for x in 'x' * 200 %}{% endfor %}").render({}))).toBe("LimitError");
    expect(strict("{{ 1 }}").render({})).toBe("1");
  });
});

import type { JsonValue } from "@weir/protocol";
import { describe, expect, test } from "vitest";
import { parseXml, XmlError } from "../../src/http/xml.ts";

describe("XML as xmltodict reads it", () => {
  test.each<readonly [string, JsonValue]>([
    ["<a/>", { a: null }],
    ["<a> </a>", { a: null }],
    ["<a> x \n</a>", { a: "x" }],
    ['<?xml version="1.0"?><!-- c --><a b="1" c=\'2\'/>', { a: { "@b": "1", "@c": "2" } }],
    ['<a b="1">t</a>', { a: { "@b": "1", "#text": "t" } }],
    ["<a><b>1</b><b/><c>2</c><b>3</b></a>", { a: { b: ["1", null, "3"], c: "2" } }],
    ["<a>x<b/>y</a>", { a: { b: null, "#text": "xy" } }],
    ["<a><![CDATA[<&>]]> &lt;&amp;&#x41;&#66;</a>", { a: "<&> <&AB" }],
    ['<n:a xmlns:n="u"><n:b>1</n:b></n:a>', { "n:a": { "@xmlns:n": "u", "n:b": "1" } }],
    ['<a b="x > y"/>', { a: { "@b": "x > y" } }],
    ["<!DOCTYPE a><a>1</a>\n", { a: "1" }],
    ["<__proto__><x>1</x></__proto__>", JSON.parse('{"__proto__":{"x":"1"}}') as JsonValue],
  ])("%s", (text, value) => {
    expect(parseXml(text)).toEqual(value);
  });

  test.each([
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a/>tail",
    "<a b=1/>",
    '<a b="1" b="2"/>',
    "<a>&unknown;</a>",
    "<a>& </a>",
    "<a>&#0;</a>",
    '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
    "<a>".repeat(501),
  ])("%s is refused", (text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  test("a long document costs time in proportion", () => {
    const begun = performance.now();
    const { a } = parseXml(`<a>${"<b c='1'>x &amp; y</b>".repeat(100_000)}</a>`) as { a: { b: unknown[] } };
    expect(a.b).toHaveLength(100_000);
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});

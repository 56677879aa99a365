import { expect, test } from "vitest";
import { templateCompiler } from "../../src/expressions/index.ts";
import { printed } from "./compiler.ts";

test.each([
  ["{{ now_utc() }}", "2025-03-04 05:06:07.123456+00:00"],
  ["{{ now_utc().strftime('%Y-%m-%dT%H:%M:%S.%fZ') }}", "2025-03-04T05:06:07.123456Z"],
  ["{{ now_utc().isoformat(timespec='seconds') }} {{ now_utc().weekday() }}", "2025-03-04T05:06:07+00:00 1"],
  ["{{ today_utc() - duration('P1M') }} {{ (today_utc() - duration('P1D')).year }}", "2025-02-04 2025"],
  ["{{ today_with_timezone('America/Los_Angeles') }}", "2025-03-03"],
  ["{{ today_with_timezone('Nowhere/Land') }}", "UnknownTimeZoneError!"],
  ["{{ timestamp('2024-01-15T10:20:30Z') }} {{ timestamp(1.9) }}", "1705314030.0 1"],
  ["{{ str_to_datetime('2024-01-15T10:20:30+02:00') }}", "2024-01-15 08:20:30+00:00"],
  ["{{ str_to_datetime('nope') }}", "ValueError!"],
  ["{{ day_delta(-1) }} {{ day_delta(1, format='%Y-%m-%d') }}", "2025-03-03T05:06:07.123456+0000 2025-03-05"],
  ["{{ duration('P1Y2M3DT4H') }} {{ duration('P1W') }}", "1 year, 2 months, 3 days, 4:00:00 7 days, 0:00:00"],
  [
    "{{ (now_utc() - str_to_datetime('2025-03-01')).days }} {{ duration('PT1.5S').total_seconds() }}",
    "3 1.5",
  ],
  [
    "{{ format_datetime('2024-01-15T10:20:30.5Z', '%s') }} {{ format_datetime('2024-01-15', '%ms') }}",
    "1705314030 1705276800000",
  ],
  [
    "{{ format_datetime(1705314030, '%Y-%m-%d') }} {{ format_datetime(1705314030123, '%s', '%ms') }}",
    "2024-01-15 1705314030",
  ],
  ["{{ format_datetime('15/01/2024', '%Y-%m-%d', '%d/%m/%Y') }}", "2024-01-15"],
  ["{{ format_datetime('2024-01-15', '%Y-%m-%d', '%d/%m/%Y') }}", "ValueError!"],
  ["{{ max(2, 3) }} {{ min([4, 2]) }} {{ max('a', 'b') }}", "3 2 b"],
  ["{{ max([]) }}", "ValueError!"],
  ["{{ max(1, 'a') }}", "TypeError!"],
  ["{{ sanitize_url('https://a/b c?d=é') }}", "https%3A%2F%2Fa%2Fb+c%3Fd%3D%C3%A9"],
  ["{{ camel_case_to_snake_case('CamelCaseID') }}", "camel_case_i_d"],
  ["{{ 'a' | hash }} {{ 'a' | hash('sha256', 'salt') | length }}", "0cc175b9c0f1b6a831c399e269772661 64"],
  ["{{ 'a' | hash('nope') }}", "AttributeError!"],
  ["{{ 'message' | hmac('key') }}", "6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a"],
  ["{{ 'user:pass' | base64encode }} {{ 'dXNlcg==' | base64decode }}", "dXNlcjpwYXNz user"],
  ["{{ 5 | base64encode }}", "AttributeError!"],
  ["{{ [1, 'a'] | string }} {{ 'a' | string }}", '"""[1, "a"]""" a'],
  [
    String.raw`{{ 'next=ab12&x' | regex_search('next=([0-9a-f]+)') }}|{{ 'abc' | regex_search('b') }}|`,
    "ab12||",
  ],
  [
    String.raw`{{ 'a1b22' | regex_replace('(\\d+)', '<\\1>') }} {{ 'aé_1 ' | regex_replace('\\w', 'x') }}`,
    "a<1>b<22> xxxx ",
  ],
  [String.raw`{{ 'aa' | regex_search('(a)\\1') }}`, "error!"],
  ["{{ ('a' * 20000 ~ '!') | regex_search('^(a+)+$') }}", ""],
  ["{{ none | regex_search('a') }}", "TypeError!"],
] as const)("%s", (template, expected) => {
  expect(printed(template, {})).toBe(expected);
});

test("identifiers have the form of version 4", () => {
  let state = 0;
  const random = (): number => (state = (state + 0.37) % 1);
  const made = templateCompiler({ now: () => 0, random })("{{ generate_uuid() }}").render({});
  expect(made).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

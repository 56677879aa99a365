import { describe, expect, test } from "vitest";
import {
  addDuration,
  formatByFormat,
  Moment,
  parseByFormat,
  parseDuration,
  parseIso,
  strftime,
  strptime,
} from "../../src/expressions/datetime/index.ts";
import { PythonError } from "../../src/expressions/index.ts";
import { NOW } from "./compiler.ts";

const now = Moment.fromMilliseconds(NOW);

describe("formats that count or use strptime's directives read what they write", () => {
  test.each([
    ["%s", "1741064767", "2025-03-04 05:06:07+00:00"],
    ["%s_as_float", "1741064767.123456", "2025-03-04 05:06:07.123456+00:00"],
    ["%ms", "1741064767123", "2025-03-04 05:06:07.123000+00:00"],
    ["%epoch_microseconds", "1741064767123456", "2025-03-04 05:06:07.123456+00:00"],
    ["%Y-%m-%dT%H:%M:%S.%_msZ", "2025-03-04T05:06:07.123Z", "2025-03-04 05:06:07.123000+00:00"],
    ["%Y-%m-%dT%H:%M:%S.%f%z", "2025-03-04T05:06:07.123456+0000", "2025-03-04 05:06:07.123456+00:00"],
    ["%a, %d %b %Y %I:%M:%S %p", "Tue, 04 Mar 2025 05:06:07 AM", "2025-03-04 05:06:07+00:00"],
    ["%G-W%V-%u", "2025-W10-2", "2025-03-04 00:00:00+00:00"],
    ["%Y-%j", "2025-063", "2025-03-04 00:00:00+00:00"],
    ["%Y %U %w", "2025 09 2", "2025-03-04 00:00:00+00:00"],
  ])("%s", (format, written, read) => {
    expect(formatByFormat(now, format)).toBe(written);
    expect(String(parseByFormat(written, format))).toBe(read);
  });
});

test("strftime knows the C library's flags", () => {
  expect(strftime(now, "%-d|%_d|%e|%^a|%y|%C|%k|%-I|%%|%Q|%Z|%z|%W|%U")).toBe(
    "4| 4| 4|TUE|25|20| 5|5|%|%Q|UTC|+0000|09|09",
  );
});

test.each([
  ["2024-01-15T10:20:30+05:30", "%Y-%m-%dT%H:%M:%S%z", "2024-01-15 10:20:30+05:30"],
  ["2024-01-15T10:20:30Z", "%Y-%m-%dT%H:%M:%S%z", "2024-01-15 10:20:30+00:00"],
  ["2024-01-15", "%Y-%m-%d", "2024-01-15 00:00:00"],
  ["jan 5  2024", "%b %d %Y", "2024-01-05 00:00:00"],
  ["99", "%y", "1999-01-01 00:00:00"],
])("strptime reads %s by %s", (text, format, expected) => {
  expect(String(strptime(text, format))).toBe(expected);
});

test.each([
  ["2024-02-30", "%Y-%m-%d"],
  ["2024-01-15x", "%Y-%m-%d"],
  ["x", "%Y"],
  ["2024", "%Q"],
  ["2024", "%"],
])("strptime refuses %s by %s", (text, format) => {
  expect(() => strptime(text, format)).toThrow(PythonError);
});

test.each([
  ["2024-01-15T10:20:30Z", "2024-01-15 10:20:30+00:00"],
  ["20240115T102030.1234567-0800", "2024-01-15 10:20:30.123456-08:00"],
  ["2024", "2024-01-01 00:00:00"],
  ["2024-03", "2024-03-01 00:00:00"],
  ["2024-W03-2", "2024-01-16 00:00:00"],
  ["2024-060", "2024-02-29 00:00:00"],
  ["2024-01-15 24:00", "2024-01-16 00:00:00"],
])("%s is a time of ISO 8601", (text, expected) => {
  expect(String(parseIso(text))).toBe(expected);
});

test.each([
  "",
  "202",
  "2024-1-5",
  "2024-13-01",
  "202401",
  "2024-01-15T",
  "2024-01-15T10:2030",
  "2024-01-15T25:00",
  "2024-01-15T10:20:30+1",
  "٢٠٢٤",
])("%j is none", (text) => {
  expect(() => parseIso(text)).toThrow(PythonError);
});

test.each([
  ["2024-03-31", "P1M", "2024-04-30 00:00:00"],
  ["2024-03-31", "-P1M", "2024-02-29 00:00:00"],
  ["2024-02-29", "P1Y", "2025-02-28 00:00:00"],
  ["2024-01-01", "-PT0.000001S", "2023-12-31 23:59:59.999999"],
  ["2024-11-30", "P1Y3M1DT1H", "2026-03-01 01:00:00"],
])("%s and %s is %s", (start, duration, expected) => {
  expect(String(addDuration(parseIso(start), parseDuration(duration)))).toBe(expected);
});

test.each(["P", "1D", "P1", "P1D2Y"])("%s is no duration", (text) => {
  expect(() => parseDuration(text)).toThrow(PythonError);
});

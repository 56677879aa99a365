import {
  formatDate,
  formatTime,
  formatTimestamp,
  parseDate,
  parseTime,
  parseTimestamp,
} from "../../src/values/index.ts";
import { describe, expect, test } from "vitest";
import { seeded } from "./random.ts";

const DAY = 86_400_000;

/** What JavaScript's own calendar says, in canonical text. */
function expectedDate(days: number): string {
  const date = new Date(days * DAY);
  const year = date.getUTCFullYear();
  const pad = (value: number, width: number): string => String(value).padStart(width, "0");
  const text = `${pad(year > 0 ? year : 1 - year, 4)}-${pad(date.getUTCMonth() + 1, 2)}-${pad(date.getUTCDate(), 2)}`;
  return year > 0 ? text : `${text} BC`;
}

describe("dates", () => {
  test("agree with the calendar of JavaScript over its 547,000 years and come back", () => {
    const next = seeded(3);
    const edges = [0, -1, 1, -719_162, -719_163, -719_528, 49_999, 50_000, 11_016, -100_000_000, 100_000_000];
    for (let round = 0; round < 5000; round++) {
      const days = edges[round] ?? (next() % 200_000_000) - 100_000_000;
      const text = formatDate(days);
      expect(text).toBe(expectedDate(days));
      expect(parseDate(text)).toBe(days);
    }
  });

  test("every day from 1999 to 2105 comes back", () => {
    for (let days = 10_592; days < 49_400; days++) {
      const text = formatDate(days);
      if (text !== expectedDate(days) || parseDate(text) !== days) throw new Error(`${days} became ${text}`);
    }
  });

  test("the ends of PostgreSQL's range", () => {
    expect(parseDate("4714-11-24 BC")).toBe(-2_440_588);
    expect(formatDate(parseDate("5874897-12-31") as number)).toBe("5874897-12-31");
    expect(parseDate("infinity")).toBe("infinity");
    expect(parseDate("-infinity")).toBe("-infinity");
    expect(parseDate("2024/02/29")).toBe(parseDate("2024-02-29"));
  });

  test.each([
    "2020-02-30",
    "2021-02-29",
    "1900-02-29",
    "2020-04-31",
    "2020-13-01",
    "2020-00-10",
    "2020-01-00",
    "0000-01-01",
    "0000-01-01 BC",
    "0004-02-29 BC",
    "today",
    "now",
    "epoch",
    "tomorrow",
    "yesterday",
    "Infinity",
    "",
    "2020-1-1",
    "20-01-01",
    "2020-01-01 ",
    " 2020-01-01",
    "2020-01-01x",
    "-2020-01-01",
    "+2020-01-01",
    "2020-01/01",
    "01/02/2020",
    "J2451187",
    "2020-01-01 AD",
    "2020-01-01 bc",
    "1234567890-01-01",
    "2020-01-01BC",
    "2020-W01-1",
    "２０２０-01-01",
  ])("refuses %j", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  test("leap years before 1 are those of the astronomical count", () => {
    expect(formatDate(parseDate("0001-02-29 BC") as number)).toBe("0001-02-29 BC");
    expect(formatDate(parseDate("0005-02-29 BC") as number)).toBe("0005-02-29 BC");
    expect(parseDate("0101-02-29 BC")).toBeUndefined();
  });
});

describe("timestamps", () => {
  test("all int64 microseconds come back, as numbers and as bigints", () => {
    const next = seeded(4);
    const edges = [
      0n,
      -1n,
      1n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 53n,
      2n ** 53n - 1n,
      -(2n ** 53n),
      999_999n,
    ];
    for (let round = 0; round < 5000; round++) {
      const random = BigInt.asIntN(64, (BigInt(next()) << 32n) | BigInt(next())) >> BigInt(next() % 40);
      const micros = edges[round] ?? random;
      for (const zone of ["", "+00"] as const) {
        const text = formatTimestamp(micros, zone);
        expect(parseTimestamp(text)).toEqual({ micros });
        if (Number.isSafeInteger(Number(micros))) expect(formatTimestamp(Number(micros), zone)).toBe(text);
      }
    }
    expect(formatTimestamp(-1n, "+00")).toBe("1969-12-31 23:59:59.999999+00");
    expect(formatTimestamp(1_500_000n)).toBe("1970-01-01 00:00:01.5");
    expect(formatTimestamp(-62_135_596_800_000_001n, "+00")).toBe("0001-12-31 23:59:59.999999+00 BC");
  });

  test("an offset is applied", () => {
    const utc = parseTimestamp("2024-05-01 10:00:00");
    for (const text of [
      "2024-05-01T10:00:00Z",
      "2024-05-01T10:00:00.000z",
      "2024-05-01 15:30:00+05:30",
      "2024-05-01 15:30:00+0530",
      "2024-05-01 02:00:00-08",
      "2024-05-01 10:00:00 UTC",
      "2024-05-01 10:00:00 +00:00",
      "2024-05-01T10:00+00:00",
      "2024-05-01 10:00:10+00:00:10",
      "2024-05-02 04:00:00+18:00",
    ]) {
      expect(parseTimestamp(text), text).toEqual(utc);
    }
  });

  test("agree with JavaScript for ISO texts", () => {
    const next = seeded(5);
    for (let round = 0; round < 2000; round++) {
      const millis = next() * 1000 + (next() % 1000);
      const text = new Date(millis).toISOString();
      expect(parseTimestamp(text)).toEqual({ micros: BigInt(millis) * 1000n });
    }
  });

  test.each([
    "2020-01-01 24:00:00",
    "2020-01-01 23:60:00",
    "2020-01-01 23:59:60",
    "2020-01-01 1:00:00",
    "2020-01-01 10",
    "2020-01-01 10:00:00.",
    "2020-01-01 10:00:00+",
    "2020-01-01 10:00:00+5",
    "2020-01-01 10:00:00+19",
    "2020-01-01  10:00:00",
    "2020-01-01 10:00:00+05:",
    "2020-01-01 10:00:00+05:60",
    "2020-01-01 10:00:00 CET",
    "2020-02-30 10:00:00",
    "now",
    "2020-01-01 10:00:00 Europe/Berlin",
    "2020-01-01T10:00:00ZZ",
    "2020-01-01 10:00:00 AM",
    "allballs",
    "2020-01-01T",
    "1714557600",
    "0000-01-01 00:00:00",
    "2020-01-01 10:00:00 ",
    "2020-01-01 10.00.00",
    "2020-01-01 10:00:00,5",
    "2020-01-01T-1:00:00",
  ])("refuses %j", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });
});

describe("times", () => {
  test("every kind of time comes back", () => {
    const next = seeded(6);
    for (let round = 0; round < 3000; round++) {
      const micros = (next() * 31) % 86_400_000_001;
      expect(parseTime(formatTime(micros))).toEqual({ micros: BigInt(micros) });
    }
    expect(formatTime(86_400_000_000)).toBe("24:00:00");
    expect(parseTime("24:00:00")).toEqual({ micros: 86_400_000_000n });
    expect(parseTime("10:00:00.1-05:30")).toEqual({ micros: 36_000_100_000n, offsetSeconds: -19_800 });
  });

  test.each([
    "24:00:01",
    "24:00:00.000001",
    "25:00:00",
    "10:00:60",
    "10",
    "1000",
    "10:00:00 BC",
    "10:0:0",
    "allballs",
    "",
  ])("refuses %j", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

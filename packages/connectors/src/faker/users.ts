import { creations, ids, integers, numbered, pairs, updates, words } from "./columns.ts";
import type { Generator, Made } from "./generator.ts";
import { saltOf } from "./random.ts";
import {
  BLOOD_TYPES,
  DEGREES,
  FIRST_NAMES,
  GENDERS,
  LANGUAGES,
  LAST_NAMES,
  NATIONALITIES,
  OCCUPATIONS,
  PLACES,
  STREETS,
  TITLES,
} from "./words.ts";

const range = <T>(length: number, item: (index: number) => T): readonly T[] =>
  Array.from({ length }, (_, index) => item(index));

const NAMES = FIRST_NAMES.flatMap((first) => LAST_NAMES.map((last) => `${first} ${last}`));
const MAILBOXES = NAMES.map((name) => `${name.toLowerCase().replace(" ", ".")}+`);
const AREAS = range(800, (index) => `+1-${200 + index}-`);
const LINES = range(10_000, (index) => `555-${String(index).padStart(4, "0")}`);
const HEIGHTS = range(60, (index) => (1.45 + index / 100).toFixed(2));

/** Addresses are JSON text joined of two prebuilt halves: 60 x 96 of one, 32 x 100 of the other. */
const STREET_HALVES = STREETS.flatMap((street) =>
  range(96, (index) => `{"street_number":"${1 + index * 7}","street_name":"${street}",`),
);
const PLACE_HALVES = PLACES.flatMap(([city, state, province, country]) =>
  range(
    100,
    (index) =>
      `"city":"${city}","state":"${state}","province":"${province}","postal_code":"${10_000 + index * 317}","country_code":"${country}"}`,
  ),
);

/** People. `name` and `email` are drawn with one salt, so that they belong together. */
export function users(count: number, seed: number): Generator {
  const salt = (field: string): number => saltOf(seed, `users.${field}`);
  const made: readonly Made[] = [
    { field: { name: "id", kind: "integer" }, make: ids() },
    { field: { name: "created_at", kind: "timestamp_with_timezone" }, make: creations(salt("created_at")) },
    { field: { name: "updated_at", kind: "timestamp_with_timezone" }, make: updates() },
    { field: { name: "name", kind: "string" }, make: words(salt("name"), NAMES) },
    { field: { name: "title", kind: "string" }, make: words(salt("title"), TITLES) },
    { field: { name: "age", kind: "integer" }, make: integers(salt("age"), 16, 96) },
    { field: { name: "email", kind: "string" }, make: numbered(salt("name"), MAILBOXES, "@example.com") },
    { field: { name: "telephone", kind: "string" }, make: pairs(salt("telephone"), AREAS, LINES) },
    { field: { name: "gender", kind: "string" }, make: words(salt("gender"), GENDERS) },
    { field: { name: "language", kind: "string" }, make: words(salt("language"), LANGUAGES) },
    { field: { name: "academic_degree", kind: "string" }, make: words(salt("academic_degree"), DEGREES) },
    { field: { name: "nationality", kind: "string" }, make: words(salt("nationality"), NATIONALITIES) },
    { field: { name: "occupation", kind: "string" }, make: words(salt("occupation"), OCCUPATIONS) },
    { field: { name: "height", kind: "string" }, make: words(salt("height"), HEIGHTS) },
    { field: { name: "blood_type", kind: "string" }, make: words(salt("blood_type"), BLOOD_TYPES) },
    { field: { name: "weight", kind: "integer" }, make: integers(salt("weight"), 42, 120) },
    { field: { name: "address", kind: "object" }, make: pairs(salt("address"), STREET_HALVES, PLACE_HALVES) },
  ];
  return { name: "users", rows: count, made, rowBytes: 330 };
}

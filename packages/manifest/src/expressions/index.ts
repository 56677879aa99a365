export type { Template, TemplateOptions, Variables } from "./contract.ts";

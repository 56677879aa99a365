import { describe, expect, test } from "vitest";
import { printed } from "./compiler.ts";

/** Template, and what Jinja prints for it over the data of compiler.ts; `TypeError!` for what it raises. */
const TABLE: Readonly<Record<string, readonly (readonly [template: string, printed: string])[]>> = {
  operators: [
    [
      "{{ 1/2 }} {{ 4/2 }} {{ 7//2 }} {{ -7//2 }} {{ -7%3 }} {{ 7.5%2 }} {{ 2**10 }} {{ 2**-1 }}",
      "0.5 2.0 3 -4 2 1.5 1024 0.5",
    ],
    [
      "{{ big*big }} {{ big+1 }} {{ i*1.0 }} {{ 9007199254740991 * 3 }}",
      "152415787532388367501905199875019052100 12345678901234567891 7.0 27021597764222973",
    ],
    [
      "{{ 0.1+0.2 }} {{ 1e16 }} {{ 123456789.0 }} {{ 1e-5 }} {{ whole }} {{ 1_000 }}",
      "0.30000000000000004 1e+16 123456789.0 1e-05 1.0 1000",
    ],
    [
      "{{ 'ab' * 3 }} {{ [1]*2 + [3] }} {{ (1,)+(2,) }} {{ () }} {{ 1,2 }}",
      "ababab [1, 1, 3] (1, 2) () (1, 2)",
    ],
    [
      "{{ 1 == 1.0 }} {{ true == 1 }} {{ '1' == 1 }} {{ (1,)==[1] }} {{ {'a':1}=={'a':1.0} }} {{ 1 < 3 < 2 }}",
      "True True False False True False",
    ],
    ["{{ 'a' in 'cat' }} {{ 2 in list }} {{ 'a' in dict }} {{ 9 not in list }}", "True True True True"],
    [
      "{{ i or 'x' }} {{ 0 or 'x' }} {{ 0 and 'x' }} {{ not not s }} {{ 'a' if 0 }}|{{ 'a' if 0 else 'b' if 0 else 'c' }}",
      "7 x 0 True |c",
    ],
    [
      "{{ -1|abs }} {{ 2 - -2 }} {{ 2 ** 3 ** 2 }} {{ 1 ~ 2 + 3 }} {{ 'a' ~ 1 ~ none ~ true ~ 1.0 }}",
      "TypeError!",
    ],
    ["{{ 1/0 }}", "ZeroDivisionError!"],
    ["{{ none + 1 }}", "TypeError!"],
    ["{{ none > 1 }}", "TypeError!"],
    ["{{ 'a' + 1 }}", "TypeError!"],
    ["{{ 1 + zz }}", "UndefinedError!"],
    ["{{ 'a' in none }}", "TypeError!"],
    ["{{ 1 in 'a' }}", "TypeError!"],
    ["{{ '%s-%05d %5.1f %% %r' % ('a', 42, 2.25, 'q') }}", "a-00042   2.2 % 'q'"],
    ["{{ '%d' % 'a' }}", "TypeError!"],
    ["{{ {[]: 1} }}", "TypeError!"],
  ],
  access: [
    [
      "{{ dict.a }} {{ dict['b'].c[2].x }} {{ dict.b['c'][-1]['x'] }} {{ dict.zz }}| {{ dict['items'] }} {{ list.0 }} {{ list[9] }}|",
      "1 y y | 5 3 |",
    ],
    [
      "{{ list[1:] }} {{ list[::-1] }} {{ s[1:4] }} {{ s[-3:] }} {{ smile[1] }} {{ smile[::-1] }} {{ smile|length }}",
      "[1, 2] [2, 1, 3] ell rld 😀 b😀a 3",
    ],
    ["{{ none.x }}|{{ none['x'] }}|", "||"],
    ["{{ none.x.y }}", "UndefinedError!"],
    ["{{ zz.a }}", "UndefinedError!"],
    ["{{ zz['a'] }}", "UndefinedError!"],
    ["{{ zz() }}", "UndefinedError!"],
    ["{{ i[1:] }}", "TypeError!"],
    ["{{ dict[list] }}|", "|"],
    ["{{ dict.get(list) }}", "TypeError!"],
    ["{{ s() }}", "TypeError!"],
    ["{{ s.foo() }}", "UndefinedError!"],
    [
      "{{ dict.__class__ }}|{{ s.__len__ }}|{{ dict.constructor }}|{{ dict['__proto__'] }}|{{ list.length }}|",
      "|||||",
    ],
  ],
  methods: [
    [
      "{{ s.split('o') }} {{ s.split('o', 1) }} {{ s.rsplit('o', 1) }} {{ '  a  b '.split() }}",
      "['Hell', ' W', 'rld'] ['Hell', ' World'] ['Hello W', 'rld'] ['a', 'b']",
    ],
    [
      "{{ s.upper() }} {{ s.title() }} {{ 'heLLo'.capitalize() }} {{ s.find('o') }} {{ s.rfind('o') }} {{ s.count('l') }}",
      "HELLO WORLD Hello World Hello 4 7 3",
    ],
    [
      "{{ s.startswith('He') }} {{ s.endswith(('x','ld')) }} {{ s.replace('l','L',2) }} {{ 'abc'.replace('','-') }} {{ s.strip('Hd') }}",
      "True True HeLLo World -a-b-c- ello Worl",
    ],
    [
      "{{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ '-42'.zfill(5) }} {{ 'ab'.center(5,'*') }} {{ 'a'.rjust(3,'0') }}",
      "('a', '-', 'b-c') ('a-b', '-', 'c') -0042 **ab* 00a",
    ],
    [
      "{{ 'a{}b{}'.format(1,'x') }} {{ '{x:>5}|{y:<5}|{z:^5}'.format(x=1,y='a',z='b') }} {{ '{:05d} {:.2f} {:,} {:%}'.format(42,3.14159,1234567,0.25) }}",
      "a1bx     1|a    |  b   00042 3.14 1,234,567 25.000000%",
    ],
    [
      "{{ {'a':1}.update({'b':2}) }} {{ {'a':1}.pop('a') }} {{ {'a':1}.setdefault('b',3) }} {{ [3].index(3) }} {{ [1,2].pop() }}",
      "None 1 3 0 2",
    ],
    ["{{ s.index('zzz') }}", "ValueError!"],
    ["{{ s.upper(1) }}", "TypeError!"],
    ["{{ 'a'.split('') }}", "ValueError!"],
    ["{{ ','.join(['a','b']) }}", "a,b"],
    ["{{ ','.join([1]) }}", "TypeError!"],
  ],
  filters: [
    [
      "{{ list|sort }} {{ list|sort(reverse=true) }} {{ rows|sort(attribute='id', reverse=true)|map(attribute='id')|list }}",
      "[1, 2, 3] [3, 2, 1] [3, 2, 1]",
    ],
    [
      "{{ list|first }} {{ list|last }} {{ []|first }}| {{ list|sum }} {{ list|max }} {{ list|join('-') }} {{ rows|map(attribute='n', default='?')|join(',') }}",
      "3 2 | 6 3 3-1-2 x,y,?",
    ],
    [
      "{{ rows|selectattr('ok')|list|length }} {{ rows|selectattr('id','gt',1)|map(attribute='id')|list }} {{ rows|rejectattr('n','defined')|list }} {{ list|reject('odd')|list }}",
      "2 [2, 3] [{'id': 3, 'ok': True}] [2]",
    ],
    [
      "{{ [1,1,'a','A']|unique|list }} {{ list|reverse|list }} {{ list|batch(2,'x')|list }} {{ list|slice(2)|list }} {{ dict|dictsort }}",
      "[1, 'a'] [2, 1, 3] [[3, 1], [2, 'x']] [[3, 1], [2]] [('a', 1), ('b', {'c': [1, 2, {'x': 'y'}]}), ('items', 5)]",
    ],
    [
      "{{ '12'|int }} {{ '1.9'|int }} {{ 'x'|int(5) }} {{ '0x1f'|int(0,16) }} {{ none|int }} {{ -1.9|int }} {{ '1_0'|int }}",
      "12 1 5 31 0 -1 10",
    ],
    ["{{ '1.5'|float }} {{ 'x'|float }} {{ 5|float }} {{ 'inf'|float }}", "1.5 0.0 5.0 inf"],
    [
      "{{ 2.5|round }} {{ 2.675|round(2) }} {{ 42|round }} {{ 42.55|round(1,'floor') }} {{ 0.125|round(2) }}",
      "2.0 2.67 42 42.5 0.12",
    ],
    [
      "{{ s|replace('o','0',1) }} {{ 'xax'|trim('x') }} {{ 'hello there'|title }} {{ s|wordcount }} {{ s|center(15) }}|",
      "Hell0 World a Hello There 2   Hello World  |",
    ],
    ["{{ 'a b&c/d?é'|urlencode }} {{ {'a b':'c d','e':1}|urlencode }}", "a%20b%26c/d%3F%C3%A9 a+b=c+d&e=1"],
    [
      "{{ dict|tojson }} {{ '<a>\\'&'|tojson }} {{ whole|tojson }} {{ 'é😀'|tojson }} {{ {'b':1,'a':[]}|tojson(indent=2) }}",
      '{"a": 1, "b": {"c": [1, 2, {"x": "y"}]}, "items": 5} "\\u003ca\\u003e\\u0027\\u0026" 1.0 "\\u00e9\\ud83d\\ude00" {\n  "a": [],\n  "b": 1\n}',
    ],
    [
      "{{ zz|default('x') }} {{ ''|default('x', true) }} {{ none|default('x') }} {{ zz|length }} {{ zz|list }}",
      "x x None 0 []",
    ],
    ["{{ none|length }}", "TypeError!"],
    ["{{ none|first }}", "TypeError!"],
    ["{{ [none,1]|max }}", "TypeError!"],
    ["{{ zz|int }}", "UndefinedError!"],
    [
      "{{ 123456|filesizeformat }} {{ 'foo bar baz qux'|truncate(9) }} {{ '<b>hi</b>  you'|striptags }} {{ '<&\"'|e }}",
      "123.5 kB foo... hi you &lt;&amp;&#34;",
    ],
  ],
  tests: [
    [
      "{{ s is string }} {{ i is number }} {{ i is integer }} {{ f is float }} {{ dict is mapping }} {{ list is sequence }} {{ none is none }} {{ i is odd }} {{ i is divisibleby 7 }} {{ 'a' is in 'abc' }} {{ 1 is true }} {{ i is not eq(8) }} {{ zz is defined }} {{ zz.a is defined }}",
      "UndefinedError!",
    ],
    [
      "{{ zz is undefined }} {{ 'a' is lower }} {{ i is gt 3 }} {{ s is sameas s }} {{ s.upper is callable }} {{ zz is none }}",
      "True True True True True False",
    ],
  ],
  statements: [
    [
      "{% for x in list %}{{ loop.index }}{{ loop.first }}{{ loop.last }}:{{ x }}{{ loop.cycle('a','b') }}{% if not loop.last %},{% endif %}{% endfor %}",
      "1TrueFalse:3a,2FalseFalse:1b,3FalseTrue:2a",
    ],
    [
      "{% for k, v in {'a':1}.items() %}{{ k }}={{ v }};{% endfor %}{% for x in [] %}a{% else %}none{% endfor %}{% for x in list if x > 1 %}{{ x }}{{ loop.length }}{% endfor %}",
      "a=1;none3222",
    ],
    [
      "{% set x = 5 %}{% for q in list %}{% set x = q %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
      "31259",
    ],
    [
      "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c %}blk {{ a }}{% endset %}[{{ c }}]{% set u | upper %}abc{% endset %}{{ u }}",
      "12[blk 1]ABC",
    ],
    [
      "{% set ns = namespace(c=0) %}{% for x in list %}{% set ns.c = ns.c + x %}{% endfor %}{{ ns.c }}{% with a=1, b=2 %}{{ a+b }}{% endwith %}{% filter upper %}abc{% endfilter %}",
      "63ABC",
    ],
    ["  {%- if i > 9 -%}  big {%- elif i > 3 %} mid {% else %} small {% endif -%}  end", " mid end"],
    ["{# comment #}a{#- x -#} b {% raw %}{{ x }}{% endraw %} {{- ' c ' -}} d", "ab {{ x }} c d"],
    ["a\r\nb\n", "a\nb"],
    [
      "{% set l = [] %}{% for x in list %}{% set _ = l.append({'v': x}) %}{% endfor %}{{ l }}",
      "[{'v': 3}, {'v': 1}, {'v': 2}]",
    ],
  ],
  texts: [
    [
      "{{ [s,quote,none,true,i,f,whole,big] }}",
      "['Hello World', \"O'B\", None, True, 7, 2.5, 1.0, 12345678901234567890]",
    ],
    [
      "{{ {'a': 1, 'b': [1, {'c': none}], 3: 4, (1,2): 5} }}",
      "{'a': 1, 'b': [1, {'c': None}], 3: 4, (1, 2): 5}",
    ],
    ['{{ "a\\tb\\n\\x41\\u00e9\\\\" }} {{ "x" "y" }} {{ \'\\/ \\d\' }}', "a\tb\nAé\\ xy \\/ \\d"],
    ["{{ ['\\x00\\u200b\\xa0é', 'a\\'b\"'] }}", "['\\x00\\u200b\\xa0é', 'a\\'b\"']"],
  ],
};

for (const [group, rows] of Object.entries(TABLE))
  describe(group, () => {
    test.each(rows)("%s", (template, expected) => {
      expect(printed(template)).toBe(expected);
    });
  });

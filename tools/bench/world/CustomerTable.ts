/**
 * The table that is copied and changed: ten columns, about 300 bytes of CSV a row, with everything that a CSV must quote,
 * NULL and the empty string, accents and emoji. Row `n` depends on `n` alone.
 */

export const createTable = `
  DROP TABLE IF EXISTS public.t;
  CREATE TABLE public.t (
    id bigint PRIMARY KEY, nome text, email text, cpf text, nascimento date, saldo numeric(12,2), ativo boolean,
    criado_em timestamptz, endereco jsonb, observacao text)`

const note = String.raw`E'Cliente desde 2019, prefere contato à tarde. "Não ligar" antes das 9h;\nrever limite \\ crédito, ação nº '`

/** A SELECT list that makes a whole row of the number in the column `n`. */
export const rowOf = (n: string): string => `
  ${n},
  'João "Zé" da Conceição, ' || ${n},
  CASE WHEN ${n} % 11 = 0 THEN NULL ELSE 'joao.conceicao.' || ${n} || '@exemplo.com.br' END,
  lpad((${n} % 100000000000)::text, 11, '0'),
  DATE '1950-01-01' + (${n} % 20000)::integer,
  (${n} % 1000000)::numeric / 7,
  ${n} % 3 = 0,
  TIMESTAMPTZ '2020-01-01 00:00:00.123456+00' + make_interval(secs => (${n} % 100000000)::double precision),
  jsonb_build_object('rua', 'Av. São João, ' || ${n} % 5000, 'cidade', 'São Paulo', 'cep', lpad((${n} % 99999999)::text, 8, '0')),
  CASE ${n} % 10 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'ótimo 🚀' ELSE ${note} || ${n} END`

/** Rows 1 to `rows`, in one statement. */
export const fillTable = (rows: number): string =>
  `INSERT INTO public.t SELECT ${rowOf("n")} FROM generate_series(1::bigint, ${rows}) AS n`

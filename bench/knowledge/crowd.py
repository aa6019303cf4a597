"""Ten thousand articles, made of the sections of those that ship, and how long a search among them takes.

Each section is encoded once. A copy's vector is turned a little, at random but always the same, so that the index has
as many different points as it would have with articles of people's own.
"""

from __future__ import annotations

import io
import math
import random
import statistics
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from bench.knowledge.questions import Question
from encoder.model import Vectors
from helpsage.knowledge import search
from helpsage.knowledge.reading import ANYBODY
from helpsage.triage import store

ARTICLES = 10_000
#: Sections of an article, and how far a copy's vector is from the first: cosine about 0.96.
SECTIONS = 6
TURNED = 0.3
#: Times that every question is asked; the first only warms up.
ROUNDS = 3
_ROWS = text(
    "select heading, anchor, text, document::text as document, vector::text as vector, encoder from article_chunk"
)
_TITLES = text("select title from article_version order by title")
_INDEXES = ("ix_article_chunk_vector", "ix_article_chunk_document")


@dataclass
class _Tables:
    """Rows on their way into the database, as COPY reads them."""

    articles: io.StringIO = field(default_factory=io.StringIO)
    versions: io.StringIO = field(default_factory=io.StringIO)
    chunks: io.StringIO = field(default_factory=io.StringIO)


def fill(engine: Engine) -> None:
    """Make them, in the place of what is there. Indexes are made anew, as after a restore."""
    with Session(engine) as session:
        rows = session.execute(_ROWS).all()
        titles = list(session.scalars(_TITLES))
    vectors = np.array([[float(number) for number in row.vector[1:-1].split(",")] for row in rows], np.float32)
    chance, noise = random.Random(1), np.random.default_rng(1)
    tables = _Tables()
    for number in range(ARTICLES):
        article = uuid.UUID(int=chance.getrandbits(128), version=4)
        title = f"{chance.choice(titles)} {number}"
        tables.articles.write(f"{article}\tarticle-{number}\tnetwork\tpublic\tpublished\t1\n")
        tables.versions.write(f"{article}\t1\t{title}\tx\tnetwork\tpublic\n")
        for position, place in enumerate(chance.sample(range(len(rows)), SECTIONS)):
            row, vector = rows[place], _turned(vectors[place], noise)
            fields = (row.heading, row.anchor, row.text, row.document, vector, row.encoder)
            copied = "\t".join(map(_copied, fields))
            tables.chunks.write(f"{article}\t1\t{position}\t{position}\t{copied}\n")
    _load(engine, tables)


def _turned(vector: Vectors, noise: np.random.Generator) -> str:
    turned = vector + TURNED * noise.standard_normal(len(vector)) / math.sqrt(len(vector))
    turned /= np.linalg.norm(turned)
    return "[" + ",".join(["%.4f" % value for value in turned.tolist()]) + "]"  # noqa: UP031 twice as fast


def measure(session: Session, questions: Sequence[Question]) -> dict[str, Any]:
    """Milliseconds of a search, the question's vector included and shown apart."""
    whole, encoding = [], []
    for turn in range(ROUNDS):
        for question in questions:
            began = time.perf_counter()
            vector = store.encoder().encode([question.text])[0]
            encoded = time.perf_counter()
            search.find(session, question.text, ANYBODY, vector)
            if turn:
                whole.append((time.perf_counter() - began) * 1000)
                encoding.append((encoded - began) * 1000)
    return {
        "articles": ARTICLES,
        "searches": len(whole),
        "ms_median": round(statistics.median(whole), 1),
        "ms_p95": round(statistics.quantiles(whole, n=20)[-1], 1),
        "encoding_ms_median": round(statistics.median(encoding), 1),
        "encoding_ms_p95": round(statistics.quantiles(encoding, n=20)[-1], 1),
    }


def _copied(value: object) -> str:
    return str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _load(engine: Engine, tables: _Tables) -> None:
    raw = engine.raw_connection()
    try:
        with raw.cursor() as cursor:
            cursor.execute("set statement_timeout = 0; set maintenance_work_mem = '512MB'")
            # The words keep their counts, in proportion.
            cursor.execute("select count(*) from article_chunk")
            times = ARTICLES * SECTIONS / cursor.fetchone()[0]  # type: ignore[index]
            cursor.execute("update article_word set seen = ceil(seen * %s)", (times,))
            cursor.execute("select indexdef from pg_indexes where indexname in %s", (_INDEXES,))
            definitions = [definition for (definition,) in cursor.fetchall()]
            cursor.execute("truncate article cascade; " + "; ".join(f"drop index {name}" for name in _INDEXES))
            for table, columns, content in (
                ("article", "id, slug, category, audience, status, published_version", tables.articles),
                ("article_version", "article_id, number, title, body, category, audience", tables.versions),
                (
                    "article_chunk",
                    "article_id, version, position, section, heading, anchor, text, document, vector, encoder",
                    tables.chunks,
                ),
            ):
                content.seek(0)
                cursor.copy_expert(f"copy {table} ({columns}) from stdin", content)
            for definition in definitions:
                cursor.execute(definition)
        raw.commit()
        with raw.cursor() as cursor:
            raw.driver_connection.autocommit = True  # type: ignore[union-attr]
            cursor.execute("vacuum analyze")
    finally:
        raw.close()

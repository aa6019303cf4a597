"""The agents' console: search, views, drafts, presence, followers, merges"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Words as search compares them: lower case, without accents, split at everything that is no letter and no digit.
# `fold` in helpsage/tickets/search/words.py does the same to what people ask for. Named ranges instead of character
# classes: those depend on the database's locale.
SEARCH_TEXT = r"""
create function search_text(said text) returns text language sql immutable strict parallel safe as $$
  select regexp_replace(
    regexp_replace(lower(normalize(said, NFKD)), '[\u0300-\u036f]+', '', 'g'),
    '[\u0001-\u002f\u003a-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', ' ', 'g')
$$;
"""
# What a queue can be filtered by stands among the words (`=s:open`, which no word can be), so that "this word, in these
# tickets" is answered by the index alone.
SEARCH_FACETS = """
create function search_facets(t ticket) returns tsvector language sql stable parallel safe as $$
  select array_to_tsvector(array[
    '=s:' || t.status, '=p:' || t.priority, '=c:' || t.category, '=h:' || t.channel,
    '=t:' || coalesce(t.team_id::text, ''), '=a:' || coalesce(t.assignee_id::text, ''),
    '=d:' || coalesce(t.department_id::text, '')
  ] || array(select '=g:' || tag from unnest(t.tags) tag))
$$;
"""
SEARCH_DOCUMENT = """
create function search_document(t ticket) returns tsvector language sql stable as $$
  select setweight(to_tsvector('simple', search_text(t.subject)), 'A')
    || setweight(to_tsvector('simple', search_text(t.description)), 'B')
    || setweight(to_tsvector('simple', search_text(coalesce((
         select string_agg(e.body, ' ' order by e.created_at) from ticket_entry e where e.ticket_id = t.id), ''))), 'C')
    || setweight(to_tsvector('simple', search_text(coalesce((
         select concat_ws(' ', p.name, p.email, p.contact_email) from person p where p.id = t.requester_id), ''))), 'D')
    || search_facets(t)
$$;
"""
# A ticket too long for one document (1 MB of words) keeps the one it had: search must never keep anyone from writing.
SEARCH_RENEW = """
create function search_renew(which uuid[]) returns void language plpgsql as $$
declare
  t ticket;
begin
  for t in select * from ticket where id = any(which) loop
    begin
      update ticket_search set document = search_document(t) where ticket_id = t.id;
    exception when program_limit_exceeded then null;
    end;
    insert into search_pending (ticket_id) values (t.id);
  end loop;
end $$;
"""
SEARCH_TRIGGERS = """
create function search_tickets_added() returns trigger language plpgsql as $$
begin
  insert into ticket_search (ticket_id, number, document)
    select t.id, t.number,
      setweight(to_tsvector('simple', search_text(t.subject)), 'A')
      || setweight(to_tsvector('simple', search_text(t.description)), 'B')
      || setweight(to_tsvector('simple', search_text(concat_ws(' ', p.name, p.email, p.contact_email))), 'D')
      || search_facets(t)
    from added as t join person p on p.id = t.requester_id;
  insert into search_pending (ticket_id) select id from added;
  return null;
end $$;
create trigger ticket_searchable after insert on ticket
  referencing new table as added for each statement execute function search_tickets_added();

create function search_ticket_changed() returns trigger language plpgsql as $$
begin
  if (new.subject, new.description, new.requester_id)
    is distinct from (old.subject, old.description, old.requester_id) then
    perform search_renew(array[new.id]);
  else
    update ticket_search
      set document = ts_delete(document, tsvector_to_array(search_facets(old))) || search_facets(new)
      where ticket_id = new.id;
  end if;
  return null;
end $$;
create trigger ticket_searchable_anew
  after update of subject, description, requester_id, status, priority, category, channel, team_id, assignee_id,
    department_id, tags on ticket
  for each row when (
    (old.subject, old.description, old.requester_id, old.status, old.priority, old.category, old.channel, old.team_id,
     old.assignee_id, old.department_id, old.tags)
    is distinct from
    (new.subject, new.description, new.requester_id, new.status, new.priority, new.category, new.channel, new.team_id,
     new.assignee_id, new.department_id, new.tags))
  execute function search_ticket_changed();

create function search_entries_added() returns trigger language plpgsql as $$
begin
  update ticket_search s set document = s.document || setweight(to_tsvector('simple', e.words), 'C')
    from (
      select ticket_id, search_text(string_agg(body, ' ' order by created_at)) as words from added group by ticket_id) e
    where s.ticket_id = e.ticket_id;
  insert into search_pending (ticket_id) select distinct ticket_id from added;
  return null;
exception when program_limit_exceeded then
  return null;
end $$;
create trigger entry_searchable after insert on ticket_entry
  referencing new table as added for each statement execute function search_entries_added();

create function search_entry_changed() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    perform search_renew(array[old.ticket_id]);
  else
    perform search_renew(array[old.ticket_id, new.ticket_id]);
  end if;
  return null;
end $$;
create trigger entry_searchable_anew after update of body, ticket_id on ticket_entry
  for each row when ((old.body, old.ticket_id) is distinct from (new.body, new.ticket_id))
  execute function search_entry_changed();
create trigger entry_not_searchable after delete on ticket_entry
  for each row execute function search_entry_changed();

create function search_person_changed() returns trigger language plpgsql as $$
begin
  perform search_renew(array(select id from ticket where requester_id = new.id));
  return null;
end $$;
create trigger person_searchable_anew after update of name, email, contact_email on person
  for each row when ((old.name, old.email, old.contact_email) is distinct from (new.name, new.email, new.contact_email))
  execute function search_person_changed();
"""
FILL = """
insert into ticket_search (ticket_id, number, document) select t.id, t.number, search_document(t) from ticket t;
insert into search_pending (ticket_id) select id from ticket;
"""


def upgrade() -> None:
    """Apply."""
    _search()
    _work()
    _merge()
    _queue()


def _search() -> None:
    op.create_table(
        "ticket_search",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_search_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_search")),
        sa.UniqueConstraint("number", name=op.f("uq_ticket_search_number")),
    )
    op.create_table(
        "search_pending",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_pending")),
    )
    op.create_table(
        "search_word",
        sa.Column("word", sa.String(collation="C"), nullable=False),
        sa.Column("near", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
    )
    op.create_index("ix_search_word_near", "search_word", ["near"], unique=False, postgresql_using="gin")
    for statements in (SEARCH_TEXT, SEARCH_FACETS, SEARCH_DOCUMENT, SEARCH_RENEW, SEARCH_TRIGGERS, FILL):
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
    op.create_index("ix_ticket_search_document", "ticket_search", ["document"], unique=False, postgresql_using="gin")
    op.drop_index("ix_ticket_search", table_name="ticket")


def _work() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], name=op.f("fk_saved_view_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_saved_view_owner_id_name")),
    )
    op.create_table(
        "ticket_draft",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('reply','note')", name=op.f("ck_ticket_draft_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_ticket_draft_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_draft_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", "kind", name=op.f("pk_ticket_draft")),
    )
    op.create_index(op.f("ix_ticket_draft_ticket_id"), "ticket_draft", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_follower",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_ticket_follower_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_follower_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "account_id", name=op.f("pk_ticket_follower")),
    )
    op.create_index(op.f("ix_ticket_follower_account_id"), "ticket_follower", ["account_id"], unique=False)
    op.create_table(
        "ticket_presence",
        sa.Column("page", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_ticket_presence_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_presence_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("page", name=op.f("pk_ticket_presence")),
        prefixes=["UNLOGGED"],
    )
    op.create_index(op.f("ix_ticket_presence_ticket_id"), "ticket_presence", ["ticket_id"], unique=False)
    op.create_index(op.f("ix_ticket_presence_account_id"), "ticket_presence", ["account_id"], unique=False)
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("done", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_bulk_change_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_change")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_bulk_change_account_id_key")),
    )
    op.create_index(op.f("ix_bulk_change_at"), "bulk_change", ["at"], unique=False)


def _merge() -> None:
    op.add_column("ticket_entry", sa.Column("addressed_to_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_ticket_entry_addressed_to_id"),
        "ticket_entry",
        "ticket",
        ["addressed_to_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(op.f("ix_ticket_entry_addressed_to_id"), "ticket_entry", ["addressed_to_id"], unique=False)


def _queue() -> None:
    """One index a way of asking, each in the queue's own order, so that a page is read and never sorted."""
    op.create_index("ix_ticket_status_created_at_id", "ticket", ["status", "created_at", "id"], unique=False)
    name = "ix_ticket_department_id_status_updated_at_id"
    op.create_index(name, "ticket", ["department_id", "status", "updated_at", "id"], unique=False)
    # With what decides who sees a ticket: pages are cut and tabs are counted without reading a ticket.
    op.drop_index("ix_ticket_status_updated_at_id", table_name="ticket")
    op.drop_index("ix_ticket_team_id_status_updated_at_id", table_name="ticket")
    for columns in ((), ("category",), ("team_id",), ("assignee_id",)):
        keys = [*columns, "status", "updated_at", "id"]
        seen_by = [name for name in ("priority", "department_id", "team_id", "assignee_id") if name not in columns]
        op.create_index(f"ix_ticket_{'_'.join(keys)}", "ticket", keys, unique=False, postgresql_include=seen_by)
    name = "ix_ticket_status_priority_updated_at_id"
    op.create_index(name, "ticket", ["status", "priority", "updated_at", "id"], unique=False)
    op.create_index(
        "ix_ticket_to_take",
        "ticket",
        ["priority", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open' and assignee_id is null"),
    )
    op.drop_index("ix_ticket_category_status", table_name="ticket")
    op.drop_index(op.f("ix_ticket_assignee_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_department_id"), table_name="ticket")


def downgrade() -> None:
    """Take back."""
    op.create_index(op.f("ix_ticket_department_id"), "ticket", ["department_id"], unique=False)
    op.create_index(op.f("ix_ticket_assignee_id"), "ticket", ["assignee_id"], unique=False)
    op.create_index("ix_ticket_category_status", "ticket", ["category", "status"], unique=False)
    op.drop_index("ix_ticket_to_take", table_name="ticket")
    op.drop_index("ix_ticket_status_priority_updated_at_id", table_name="ticket")
    for column in ("department_id", "assignee_id", "category"):
        op.drop_index(f"ix_ticket_{column}_status_updated_at_id", table_name="ticket")
    for keys in (["status", "updated_at", "id"], ["team_id", "status", "updated_at", "id"]):
        op.drop_index(f"ix_ticket_{'_'.join(keys)}", table_name="ticket")
        op.create_index(f"ix_ticket_{'_'.join(keys)}", "ticket", keys, unique=False)
    op.drop_index("ix_ticket_status_created_at_id", table_name="ticket")
    op.drop_index(op.f("ix_ticket_entry_addressed_to_id"), table_name="ticket_entry")
    op.drop_constraint(op.f("fk_ticket_entry_addressed_to_id"), "ticket_entry", type_="foreignkey")
    op.drop_column("ticket_entry", "addressed_to_id")
    for table in ("bulk_change", "ticket_presence", "ticket_follower", "ticket_draft", "saved_view"):
        op.drop_table(table)
    op.create_index(
        "ix_ticket_search",
        "ticket",
        [sa.text("to_tsvector('simple', subject || ' ' || description)")],
        postgresql_using="gin",
    )
    op.execute("drop trigger person_searchable_anew on person")
    for trigger in ("entry_searchable", "entry_searchable_anew", "entry_not_searchable"):
        op.execute(f"drop trigger {trigger} on ticket_entry")
    for trigger in ("ticket_searchable", "ticket_searchable_anew"):
        op.execute(f"drop trigger {trigger} on ticket")
    for function in (
        "search_person_changed()",
        "search_entry_changed()",
        "search_entries_added()",
        "search_ticket_changed()",
        "search_tickets_added()",
        "search_renew(uuid[])",
        "search_document(ticket)",
        "search_facets(ticket)",
        "search_text(text)",
    ):
        op.execute(f"drop function {function}")
    for table in ("search_word", "search_pending", "ticket_search"):
        op.drop_table(table)

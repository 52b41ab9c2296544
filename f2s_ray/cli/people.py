"""The commands about people: who is in the archive, and what a person has to say about them."""

from f2s_ray.cli.options import JsonOption, OutputArgument
from f2s_ray.cli.preflight import existing_output
from f2s_ray.cli.text import print_rows

__all__ = ["list_people"]

LIST_SQL = """
SELECT coalesce(name, 'Person ' || number) AS label, identity_id, len(face_ids) AS faces, count(DISTINCT media_id) AS media,
    len(confirmed_face_ids) AS confirmed, coalesce(len(choices), 0) AS "references",
    CASE WHEN len(face_ids) = 0 THEN 'gone' WHEN is_ignored THEN 'ignored' ELSE 'seen' END AS state
FROM identities LEFT JOIN "references" USING (identity_id) LEFT JOIN sightings USING (identity_id)
GROUP BY ALL ORDER BY is_ignored, name IS NULL, media DESC, faces DESC, identity_id
"""


def list_people(output: OutputArgument, as_json: JsonOption = False) -> int:
    """List who is in the archive: those with a name first, then those seen in most photos and films."""
    from f2s_catalog.query import query as ask

    answer = ask(existing_output(output), LIST_SQL)
    print_rows(answer.to_pylist(), as_json=as_json, columns=answer.column_names)
    return 0

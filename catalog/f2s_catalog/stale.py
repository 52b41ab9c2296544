"""Results that were made with other identities or references than those of today, each with why in words, as SQL.

What counts for a face is what ``f2s_ray.flows.joins`` gives to the restorer: whose it is, the references of that person
that lie in other pictures and are good enough, and the faces of the nearest other person.
"""

__all__ = ["STALE"]

_LEAST_SHARE = 0.8  # of the quality of a face: see LEAST_SHARE in joins

STALE = f"""
WITH listed AS (SELECT media_id, path, kind, content_digest FROM media SEMI JOIN sources USING (path)),
placed AS (
    SELECT face_id, media_id, quality, content_digest, kind, split_part(shot_id, '/', 2) AS shot
    FROM faces JOIN listed USING (media_id)),
person AS (
    SELECT identity_id, coalesce(name, 'Person ' || number) AS label, name, nearest_id, primary_face_id,
        len(face_ids) > 0 AS is_seen
    FROM identities),
member AS (
    SELECT identity_id, label, name, face_id
    FROM (SELECT identity_id, unnest(face_ids) AS face_id FROM identities) JOIN person USING (identity_id)),
choice AS (
    SELECT identity_id, choice.face_id AS face_id, rank, quality, content_digest, shot
    FROM (SELECT identity_id, unnest(choices) AS choice, generate_subscripts(choices, 1) AS rank FROM "references")
    JOIN placed ON placed.face_id = choice.face_id),
other AS (
    SELECT person.identity_id, coalesce(
        (SELECT list(face_id ORDER BY rank) FROM choice WHERE choice.identity_id = person.nearest_id),
        CASE WHEN shown.face_id IS NULL THEN [] ELSE [shown.face_id] END) AS face_ids
    FROM person LEFT JOIN person AS near ON near.identity_id = person.nearest_id
    LEFT JOIN placed AS shown ON shown.face_id = near.primary_face_id),
made AS (
    SELECT media_id, path, made.face_id AS face_id, made.identity_id AS identity_id,
        made.reference_face_ids AS reference_ids, made.other_face_ids AS other_ids
    FROM (SELECT media_id, listed.path, unnest(faces) AS made FROM restored JOIN listed USING (media_id))),
chosen AS (
    SELECT identity_id, list(struct_pack(face_id, quality, content_digest, shot) ORDER BY rank) AS choices
    FROM choice GROUP BY identity_id),
applied AS (
    SELECT made.face_id, [one.face_id FOR one IN choices IF one.quality >= {_LEAST_SHARE}::DOUBLE * placed.quality
        AND NOT (one.content_digest = placed.content_digest AND (placed.kind = 'photo' OR one.shot = placed.shot))
        ] AS reference_ids
    FROM made JOIN placed USING (face_id) JOIN member USING (face_id)
    JOIN chosen ON chosen.identity_id = member.identity_id),
today AS (
    SELECT made.*, placed.face_id IS NOT NULL AS is_there, member.identity_id AS now_id, member.label,
        coalesce(applied.reference_ids, []) AS now_reference_ids, coalesce(other.face_ids, []) AS now_other_ids
    FROM made LEFT JOIN placed USING (face_id) LEFT JOIN member USING (face_id)
    LEFT JOIN applied USING (face_id) LEFT JOIN other ON other.identity_id = member.identity_id),
changed AS (
    SELECT media_id, path, now_reference_ids <> reference_ids AS has_other_references, CASE
        WHEN NOT is_there THEN 'a face of it is not there any more'
        WHEN identity_id IS DISTINCT FROM now_id AND EXISTS (
            FROM constraints WHERE kind = 'same' AND other_id = today.identity_id
            AND constraints.identity_id = today.now_id)
            AND NOT EXISTS (FROM person WHERE person.identity_id = today.identity_id AND is_seen)
            THEN 'merged into ' || label
        WHEN identity_id IS DISTINCT FROM now_id THEN 'face moved' || coalesce(
            (SELECT ' from ' || before.label FROM person AS before WHERE before.identity_id = today.identity_id
                AND before.is_seen), '')
            || ' to ' || coalesce(label, 'nobody')
        WHEN now_reference_ids <> reference_ids THEN 'references of ' || label || ' changed'
        WHEN now_other_ids <> other_ids THEN 'who is most like ' || label || ' changed'
        END AS why
    FROM today),
damaged AS (
    SELECT DISTINCT shots.media_id, listed.path, 'its damage was told by ' || lender.path || ', which is stale' AS why
    FROM degradations JOIN shots USING (shot_id) JOIN listed USING (media_id) SEMI JOIN restored USING (media_id)
    JOIN shots AS lending ON lending.shot_id = degradations.lender_shot_id
    JOIN changed AS lender ON lender.media_id = lending.media_id AND lender.has_other_references
    WHERE lending.media_id <> shots.media_id),
untold AS (
    SELECT DISTINCT media_id, listed.path, 'what told its damage is not there any more' AS why
    FROM restored JOIN listed USING (media_id) JOIN shots USING (media_id) ANTI JOIN degradations USING (shot_id)),
named AS (
    SELECT media_id, path, names_digest, list(DISTINCT name ORDER BY name) FILTER (name IS NOT NULL) AS names,
        coalesce(sha256(string_agg(face_id || ' ' || name, chr(10) ORDER BY face_id)), '') AS wanted
    FROM (SELECT media_id, listed.path, names_digest FROM restored JOIN listed USING (media_id) WHERE kind = 'photo')
    LEFT JOIN placed USING (media_id) LEFT JOIN member USING (face_id) GROUP BY ALL),
spoken AS (
    SELECT media_id, path, CASE WHEN names IS NULL THEN 'a name is to go out of its metadata'
        ELSE 'name ' || list_aggregate(names, 'string_agg', ', ') || ' is not in its metadata yet' END AS why
    FROM named WHERE wanted <> names_digest)
SELECT path, media_id, list(DISTINCT why ORDER BY why) AS why, bool_or(has_pixels) AS has_pixels FROM (
    SELECT path, media_id, why, true AS has_pixels FROM changed WHERE why IS NOT NULL
    UNION ALL SELECT path, media_id, why, true FROM damaged
    UNION ALL SELECT path, media_id, why, true FROM untold
    UNION ALL SELECT path, media_id, why, false FROM spoken)
GROUP BY path, media_id ORDER BY path
"""
"""``why`` is a list; where ``has_pixels`` is false, only the metadata is to be written again, without the networks."""

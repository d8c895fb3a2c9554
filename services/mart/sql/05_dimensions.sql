INSERT INTO dim_department BY NAME SELECT id AS department_id, parent_id, name FROM s_department ORDER BY id;
INSERT INTO dim_job_family BY NAME SELECT id AS job_family_id, name FROM s_job_family ORDER BY id;
INSERT INTO dim_job_level BY NAME SELECT id AS job_level_id, rank, name FROM s_job_level ORDER BY id;
INSERT INTO dim_office BY NAME SELECT id AS office_id, name, country, region, timezone FROM s_office ORDER BY id;
INSERT INTO dim_source BY NAME SELECT id AS source_id, name, channel FROM s_source ORDER BY id;
INSERT INTO dim_stage BY NAME SELECT id AS stage_id, sort_order, name, canonical FROM s_pipeline_stage ORDER BY id;
INSERT INTO dim_person BY NAME SELECT id AS person_id, office_id AS calendar_id FROM s_person ORDER BY id;

DROP TABLE tool_ab_tests;

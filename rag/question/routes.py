"""Ways in which an illness may spread, as questions name them."""

ROUTE = (
    r"通过|途径|怎么传|如何传|靠什么传|吃饭|共餐|共用|碗筷|毛巾|接吻|亲吻|握手|拥抱|唾液|口水|飞沫|空气|血液|输血|蚊子|叮咬|"
    r"同房|性生活|性接触|母婴|喂奶|母乳|游泳|马桶|洗澡"
)
"""Words of a way in which an illness may spread."""
